"""What operators do from the command line, into the audit trail of the hub whose data folder or servers they use."""

from contextlib import closing

from hub.kernel.access import Principal
from hub.ports.audit import Action, done_by
from hub.runtime.settings import Settings

OPERATOR = Principal("operator", frozenset({"operator"}), frozenset({"*"}), "operator", "", "command-line")
"""Whoever may write the data folder, or has the servers' address, is one."""


def note_done(settings: Settings, action: Action, subject: str = "", detail: str = "") -> None:
    """Note it, beside a hub that may be at work; where there is no hub there is nothing to note it in."""
    from app.composition import resources
    from hub.runtime.manifest import AUDIT

    if settings.profile == "embedded" and not (settings.data_dir / "records.db").exists():
        return
    with closing(resources(settings, making=True)) as on:
        on.get(AUDIT).note(done_by(OPERATOR, on.clock.now(), action, subject, detail))
