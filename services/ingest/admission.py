"""Who may send and read what; told apart are those who have not signed in, may not, and ask for what is not there."""

from hub.kernel.access import Principal, Role
from hub.kernel.problems import Refusal, expecting, refusal
from hub.kernel.sources import Source, Sources
from schemas.kind import Kind, kinds
from services.ingest.ports.receipts import Belonging, Receipt

SUBMITTERS: frozenset[Role] = frozenset({"submitter", "operator"})
READERS: frozenset[Role] = SUBMITTERS | {"steward", "manager"}
"""The roles that see what became of what their organisation sent."""


def kind_called(name: str) -> Kind:
    """Raises Refusal (404) that names the kinds there are."""
    known = kinds()
    if name in known:
        return known[name]
    raise refusal("unknown-kind", "ingest.not-allowed", name, "kind", 404, known=", ".join(known))


def _require(principal: Principal, roles: frozenset[Role]) -> None:
    """Raises Refusal: 401 for the anonymous, 403 for those with none of the roles."""
    if principal.roles & roles:
        return
    problem = expecting(
        "not-allowed",
        "ingest.not-allowed.token-may-submit-role",
        "",
        "Authorization",
        wanted=" / ".join(sorted(roles)),
    )
    raise Refusal(problem, status=403 if principal.account else 401)


def source_for(principal: Principal, source_id: str, sources: Sources) -> Source:
    """The source that the principal sends for; one who speaks for a single source need not name it.

    Raises Refusal: 422 where it is missing or not registered, 403 where it is somebody else's.
    """
    _require(principal, SUBMITTERS)
    own = principal.sources - {"*"}
    if not source_id and len(own) == 1 and "*" not in principal.sources:
        (source_id,) = own
    if not source_id:
        example = min(own, default=next((source.id for source in sources), ""))
        raise refusal("missing-source", "ingest.not-allowed.source-data-such-source", "", "source", example=example)
    source = sources.named(source_id)
    if source.may_be_spoken_for(principal):
        return source
    allowed = ", ".join(sorted(own))
    raise refusal(
        "not-your-source", "ingest.not-allowed.source-you-may-submit", source_id, "source", 403, allowed=allowed
    )


def readable_receipts(principal: Principal) -> Belonging | None:
    """Whose receipts the principal may see, None for everybody's; Refusal (401, 403) for those who may see none."""
    _require(principal, READERS)
    if "operator" in principal.roles:
        return None
    return Belonging(principal.organisation, principal.sources, principal.formerly)


def readable(principal: Principal, receipt_id: str, receipt: Receipt | None) -> Receipt:
    """The receipt, for those who may see it; to others it does not exist (404), so that ids cannot be tried out."""
    whose = readable_receipts(principal)
    if receipt is not None and (whose is None or whose.has(receipt)):
        return receipt
    raise refusal("unknown-receipt", "ingest.not-allowed.id-receipt-what-you", receipt_id, "id", 404)
