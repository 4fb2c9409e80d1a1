"""Mail by SMTP (RFC 5321), and the mailbox of a hub that has no mail server."""

import mailbox
import re
import smtplib
import ssl
from collections.abc import Collection
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import formatdate, make_msgid
from pathlib import Path
from threading import Lock

from hub.runtime.settings import Settings
from services.accounts.ports import Mail, Unsent

TIMEOUT_SECONDS = 15.0
KEPT_MAILS = 200
_KEY = re.compile(r"(\d+)\.M(\d+)P\d+Q(\d+)")


class SmtpMailer:
    """services.accounts.ports.Mailer. Passwords are sent only where the connection is sealed."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def send(self, mail: Mail) -> None:
        """See the port. Waits for the mail server, at most TIMEOUT_SECONDS for each of its answers."""
        settings = self._settings
        try:
            with self._connected() as server:
                if settings.smtp_security == "starttls":
                    server.starttls(context=ssl.create_default_context())
                if settings.smtp_user:
                    server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
                server.send_message(message(mail, settings.smtp_from))
        except (smtplib.SMTPException, OSError) as error:
            raise Unsent(f"{settings.smtp_host}: {type(error).__name__}") from error

    def _connected(self) -> smtplib.SMTP:
        host, port = self._settings.smtp_host, self._settings.smtp_port
        if self._settings.smtp_security == "tls":
            return smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context())
        return smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)


class LocalMailbox:
    """services.accounts.ports.Mailer: a Maildir for its owner alone, with the newest KEPT_MAILS."""

    def __init__(self, folder: Path) -> None:
        self._box = mailbox.Maildir(folder, factory=None, create=True)
        folder.chmod(0o700)
        self._lock = Lock()

    def send(self, mail: Mail) -> None:
        with self._lock:
            self._box.add(message(mail, "hub@localhost"))
            for key in self._keys()[KEPT_MAILS:]:
                self._box.discard(key)

    def mails(self, most: int) -> list[tuple[str, Mail]]:
        """When each was sent (RFC 5322), and what; the newest first."""
        with self._lock:
            read = [message_from_bytes(self._box.get_bytes(key), policy=default) for key in self._keys()[:most]]
        return [(str(sent["date"]), Mail(str(sent["to"]), str(sent["subject"]), sent.get_content())) for sent in read]

    def forget(self, addresses: Collection[str]) -> None:
        """Remove what was sent to these."""
        with self._lock:
            for key in self._keys():
                if str(message_from_bytes(self._box.get_bytes(key), policy=default)["to"]) in addresses:
                    self._box.discard(key)

    def _keys(self) -> list[str]:
        """The newest first."""
        return sorted(self._box.keys(), key=_when, reverse=True)


def message(mail: Mail, sender: str) -> EmailMessage:
    """As it is sent: plain text in UTF-8, that no answer is expected to (RFC 3834)."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, mail.to, mail.subject
    made["Date"], made["Message-ID"] = formatdate(), make_msgid(domain=sender.rpartition("@")[2] or "localhost")
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(mail.text, cte="base64")  # which servers without 8BITMIME take too
    return made


def _when(key: str) -> list[int]:
    """The second, the microsecond and the number that a Maildir's key begins with."""
    match = _KEY.match(key)
    return list(map(int, match.groups())) if match else []
