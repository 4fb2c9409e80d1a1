"""The whole hub with a provider of its own on a socket: a person signs in at the portal, is known, and signs out."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import orjson
import pytest
from fastapi.testclient import TestClient

from app.composition import compose
from app.server import create_app
from hub.runtime.settings import Settings
from tests.unit.oidc_provider import RSA, claims, rsa_jwk, signed

pytestmark = pytest.mark.integration
CLIENT = "hub-portal"


class Provider(BaseHTTPRequestHandler):
    """Discovery, keys and tokens; its one code is the nonce that it was asked with."""

    def do_GET(self) -> None:
        issuer = f"http://{self.headers['host']}/realm"
        if self.path.endswith("openid-configuration"):
            ends = {f"{name}_endpoint": f"{issuer}/{name}" for name in ("authorization", "token", "end_session")}
            self._answer({"issuer": issuer, "jwks_uri": f"{issuer}/certs", **ends})
        else:
            self._answer({"keys": [rsa_jwk("rsa", RSA)]})

    def do_POST(self) -> None:
        form = dict(parse_qsl(self.rfile.read(int(self.headers["content-length"])).decode()))
        now = int(datetime.now(UTC).timestamp())
        times = {"iss": f"http://{self.headers['host']}/realm", "iat": now, "exp": now + 900}
        access = signed(claims(**times, hub_roles=["member"]))
        identity = signed(claims(**times, aud=CLIENT, nonce=form["code"]))
        self._answer({"access_token": access, "id_token": identity, "token_type": "Bearer", "expires_in": 900})

    def log_message(self, *_: object) -> None: ...

    def _answer(self, told: dict[str, object]) -> None:
        body = orjson.dumps(told)
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def issuer() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/realm"
    server.shutdown()
    server.server_close()


def test_a_person_signs_in_at_the_provider_and_is_known_to_the_api(issuer: str, tmp_path: Path) -> None:
    hub = compose(Settings(data_dir=tmp_path, oidc_issuer=issuer, oidc_client_id=CLIENT))
    with TestClient(create_app(hub), base_url="https://hub.test", follow_redirects=False) as browser:
        browser.headers["accept"] = "text/html"
        assert "/sign-in/oidc?next=%2Fbookings" in browser.get("/sign-in?next=/bookings").text
        address = browser.get("/sign-in/oidc?next=/bookings").headers["location"]
        asked = dict(parse_qsl(urlsplit(address).query))
        assert address.startswith(f"{issuer}/authorization?")

        told = {"code": asked["nonce"], "state": asked["state"]}
        answer = browser.get("/sign-in/callback", params=told)
        assert (answer.status_code, answer.headers["location"]) == (303, "/bookings")
        session = {"authorization": f"Bearer {browser.cookies['__Host-hub_session']}"}
        me = browser.get("/api/v1/me", headers=session).json()
        assert (me["name"], me["roles"]) == ("f81d4fae@127.0.0.1", ["member"])
        assert browser.get("/api/v1/me").json()["roles"] == [], "a cookie alone is nobody to the API"
        assert browser.get("/bookings").status_code == 200

        left = browser.post("/sign-out", headers={"origin": "https://hub.test"})
        assert left.headers["location"] == "/signed-out"
        assert browser.get("/api/v1/me", headers=session).status_code == 401
        assert browser.get("/sign-out/oidc").headers["location"].startswith(f"{issuer}/end_session?client_id=")
    hub.close()
