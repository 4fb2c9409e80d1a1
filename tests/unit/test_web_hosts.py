"""The names that the hub is called by, and the one that it hands out."""

import pytest

from hub.runtime.settings import Settings
from hub.web.safety import Hosts
from tests.unit.portal_api import Asked

pytestmark = pytest.mark.unit


def test_hosts_are_the_machines_and_those_that_are_listed() -> None:
    plain = Hosts()
    for host in ("localhost", "LOCALHOST:8080", "127.0.0.1", "[::1]:80", "192.168.1.7:8080", "[fe80::1]"):
        assert plain.has(host), host
    public = Hosts("https://hub.example.org:8443", ["gateway", ":80", "", "https://second.example.org"])
    assert public.has("second.example.org")
    for host in ("hub.example.org", "hub.example.org:8443", "gateway:8080", "localhost", "127.0.0.1:8080"):
        assert public.has(host), host
    assert not public.has("192.168.1.7"), "the public address is known"


def test_linked_data_name_the_hub_by_its_public_address() -> None:
    asked = Asked()
    asked.app.state.settings = Settings(public_url="https://hub.example.org/")
    page = asked.browser.get("/records/instrument-1", headers={"host": "evil.example"}).text
    assert '"@id":"https://hub.example.org/records/instrument-1"' in page
    assert "evil.example" not in page
