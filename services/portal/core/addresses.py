"""Where a reader may be sent to after a step that left the page."""

HOME = "/"
LONGEST = 2_000


def local(target: str | None) -> str:
    """The address if it is a path on this site, else the search page.

    Browsers read a backslash as a slash and drop control characters, so that either could hide another host.
    """
    if not target or len(target) > LONGEST or not target.startswith("/") or target.startswith("//"):
        return HOME
    if "\\" in target or any(ord(letter) <= 0x20 or ord(letter) == 0x7F for letter in target):
        return HOME
    return target
