"""Why a move, a backup or a restore did not begin, or did not end well."""

from hub.text.language import Bilingual


class Refused(RuntimeError):
    """It would spoil something; nothing has been changed. `why` is for people."""

    def __init__(self, why: Bilingual) -> None:
        super().__init__(why.en)
        self.why = why


class Differs(RuntimeError):
    """What arrived is not what was sent."""
