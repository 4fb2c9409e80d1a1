"""What people call the browser that a User-Agent field is of."""

import re

_BROWSERS = (
    (r"MicroMessenger/", "WeChat"),
    (r"Edg(e|A|iOS)?/", "Edge"),
    (r"OPR/", "Opera"),
    (r"Firefox/|FxiOS/", "Firefox"),
    (r"Chrome/|CriOS/|Chromium/", "Chrome"),
    (r"Safari/", "Safari"),
)
_SYSTEMS = (
    (r"HarmonyOS|OpenHarmony", "HarmonyOS"),
    (r"Android", "Android"),
    (r"iPhone", "iPhone"),
    (r"iPad", "iPad"),
    (r"Windows", "Windows"),
    (r"Mac OS X|Macintosh", "Mac"),
    (r"Linux", "Linux"),
)
"""The first that matches: most browsers name several others, and some systems another."""


def device_text(agent: str) -> str:
    """`Chrome · Android`; what it calls itself where it is no known browser, and nothing where it says nothing."""
    names = [next((name for mark, name in known if re.search(mark, agent)), "") for known in (_BROWSERS, _SYSTEMS)]
    return " · ".join(filter(None, names)) if names[0] else agent
