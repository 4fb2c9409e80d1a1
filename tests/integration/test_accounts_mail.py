"""Mail: by a mail server that the test plays (RFC 5321), and the mailbox of a hub without one."""

import socketserver
import stat
import threading
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from hub.runtime.settings import Settings
from services.accounts.adapters import mailers
from services.accounts.adapters.mailers import LocalMailbox, SmtpMailer
from services.accounts.ports import Mail, Unsent
from tests.integration.accounts_site import opened

pytestmark = pytest.mark.integration
MAIL = Mail("li@example.org", "登录验证码 1234 5678", "您的登录验证码是 1234 5678。\n\n.\n第二段\n")


class Server(socketserver.ThreadingTCPServer):
    """Takes mail for anybody but `nobody@…`, and keeps it."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Talk)
        self.taken: list[tuple[str, str, bytes]] = []


class Talk(socketserver.StreamRequestHandler):
    server: Server

    def handle(self) -> None:
        self.answer(220)
        sender = recipient = ""
        while words := self.rfile.readline().decode().strip():
            verb, _, rest = words.partition(" ")
            verb = verb.upper()
            if verb == "MAIL":
                sender = rest
            if verb == "RCPT":
                recipient = rest
            if verb == "DATA":
                self.answer(354)
                self.server.taken.append((sender, recipient, self.data()))
            self.answer(221 if verb == "QUIT" else 550 if "nobody@" in rest else 250)

    def answer(self, status: int) -> None:
        self.wfile.write(f"{status} so\r\n".encode())

    def data(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b"."))
        return b"".join(lines)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as made:
        threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield made
        made.shutdown()


def settings(server: Server, **changed: object) -> Settings:
    port = server.server_address[1]
    return Settings.model_validate(
        {"smtp_host": "127.0.0.1", "smtp_port": port, "smtp_security": "none", "smtp_from": "hub@example.org"} | changed
    )


def test_a_mail_arrives_as_it_was_written(server: Server) -> None:
    SmtpMailer(settings(server)).send(MAIL)
    ((sender, recipient, data),) = server.taken
    assert data.isascii()
    assert ("hub@example.org" in sender, "li@example.org" in recipient) == (True, True)
    read = message_from_bytes(data, policy=default)
    assert (read["subject"], read["to"], read["auto-submitted"]) == (MAIL.subject, MAIL.to, "auto-generated")
    assert read.get_content().replace("\r\n", "\n") == MAIL.text
    assert read["message-id"].endswith("@example.org>")


def test_what_a_server_does_not_take_or_seal_is_told(server: Server) -> None:
    with pytest.raises(Unsent):
        SmtpMailer(settings(server)).send(Mail("nobody@example.org", "a", "b"))
    with pytest.raises(Unsent, match="NotSupported"):
        SmtpMailer(settings(server, smtp_security="starttls")).send(MAIL)
    with pytest.raises(Unsent):
        SmtpMailer(settings(server, smtp_port=1)).send(MAIL)
    assert server.taken == []


def test_a_hub_with_a_mail_server_sends_codes_by_it_and_has_no_mailbox(server: Server, tmp_path: Path) -> None:
    chosen = {"smtp_host": "127.0.0.1", "smtp_port": server.server_address[1], "smtp_security": "none"}
    with opened(tmp_path, **chosen) as site:
        assert site.nobody.call("GET /sign-in").json() == {"email": True, "mailbox": False}
        assert site.nobody.call("GET /mailbox").status_code == 404
        assert site.nobody.call("POST /sign-in/codes", {"email": "li@example.org"}).status_code == 202
        assert len(server.taken) == 1
        answer = site.nobody.call("POST /sign-in/codes", {"email": "nobody@example.org"})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (503, "no-mail")
        assert not (tmp_path / "mailbox").exists()


def test_the_local_mailbox_keeps_the_newest_for_its_owner_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailers, "KEPT_MAILS", 3)
    box = LocalMailbox(tmp_path / "mailbox")
    for number in range(5):
        box.send(Mail("li@example.org", f"第 {number} 封", "正文\n"))
    assert [mail.subject for _, mail in box.mails(10)] == ["第 4 封", "第 3 封", "第 2 封"]
    assert [mail.text for _, mail in LocalMailbox(tmp_path / "mailbox").mails(1)] == ["正文\n"]
    assert stat.S_IMODE((tmp_path / "mailbox").stat().st_mode) == 0o700


def test_the_mailbox_is_of_this_machine_and_no_code_is_offered_elsewhere(tmp_path: Path) -> None:
    with opened(tmp_path) as site:
        assert site.nobody.call("GET /sign-in").json() == {"email": True, "mailbox": True}
        far = site.client("192.0.2.7")
        assert far.get("/api/v1/sign-in").json() == {"email": False, "mailbox": False}
        assert far.get("/api/v1/mailbox").status_code == 404
        assert far.get("/mailbox", headers={"accept": "text/html"}).status_code == 404
        proxied = site.client().get("/api/v1/mailbox", headers={"x-forwarded-for": "192.0.2.7"})
        assert proxied.status_code == 404, "from a proxy on this machine, for another"
