"""Who the caller is, and whether a process of the hub works."""

from typing import Literal

from hub.kernel.access import Role
from hub.kernel.records import Authority
from schemas.http.parts import Model, Operations


class OwnSource(Model):
    """A source that the caller may submit for."""

    id: str
    label: str
    authority: Authority


class Me(Model):
    """The caller's name and roles (none for the anonymous), and the sources that it may submit for.

    Ids of its account, of the organisation that it acts for, and of its token or session; empty for the anonymous.
    """

    name: str
    roles: tuple[Role, ...]
    sources: tuple[OwnSource, ...]
    account: str = ""
    organisation: str = ""
    credential: str = ""


class Liveness(Model):
    """`loop_seconds` is how long others kept the event loop from coming round."""

    status: Literal["ok"]
    loop_seconds: float


class Check(Model):
    """A worker (`alive`, `step_seconds`, `lag` …) or a store (`seconds`) of this process; the event log tells how many
    `dead_letters` of each topic there have been, of those that have any.
    """

    status: Literal["ok", "failing"]
    error: str | None = None
    seconds: float | None = None
    alive: bool | None = None
    failing_seconds: float | None = None
    step_seconds: float | None = None
    lag: int | None = None
    lagging: bool | None = None
    dead_letters: dict[str, int] | None = None


class Readiness(Model):
    """Whether this process does its part, with each check told apart."""

    status: Literal["ok", "failing"]
    checks: dict[str, Check]


OPERATIONS = Operations("access")
HEALTH = Operations("health", "")
ME = OPERATIONS.add("get_me", "GET /me", "Who the caller is, and what it may submit for", Me)
LIVENESS = HEALTH.add("get_liveness", "GET /healthz", "Whether this process works", Liveness)
READINESS = HEALTH.add(
    "get_readiness", "GET /readyz", "Whether this process does its part", Readiness, further=((503, Readiness),)
)
