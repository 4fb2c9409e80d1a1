"""Who the caller is to the hub."""

from fastapi import FastAPI
from fastapi.testclient import TestClient

from app.me import router
from hub.auth.sources import load_sources
from hub.kernel.access import Principal
from hub.web.problems import install_problem_handlers
from tests.contract import conforming


class OneToken:
    def principal(self, token: str) -> Principal | None:
        return (
            Principal("lab", frozenset({"submitter"}), frozenset({"owner"}), "acc-1", "org-1", "tok-1")
            if token == "lab-token"
            else None
        )


def test_callers_learn_their_roles_and_only_their_own_sources() -> None:
    app = conforming(FastAPI())
    app.state.access = OneToken()
    app.include_router(router(load_sources()))
    install_problem_handlers(app)
    client = TestClient(app)
    assert client.get("/api/v1/me").json() == {"name": "", "roles": [], "sources": []} | dict.fromkeys(
        ("account", "organisation", "credential"), ""
    )
    lab = client.get("/api/v1/me?lang=en", headers={"Authorization": "Bearer lab-token"}).json()
    assert (lab["name"], lab["roles"]) == ("lab", ["submitter"])
    assert (lab["account"], lab["organisation"], lab["credential"]) == ("acc-1", "org-1", "tok-1")
    assert lab["sources"] == [{"id": "owner", "label": "Registered by the owner", "authority": "owner"}]
    assert client.get("/api/v1/me", headers={"Authorization": "Bearer other"}).status_code == 401
