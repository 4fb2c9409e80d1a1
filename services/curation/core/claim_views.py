"""Claims as those whom they concern read them: both sides, and what led from the one to the other."""

from collections.abc import Iterator, Mapping
from typing import Any

from hub.kernel.contributions import ClaimDecided as Decided
from hub.kernel.identifiers import record_id
from hub.kernel.problems import ProblemItem, Refusal
from hub.kernel.records import Record
from hub.ports.records import Claimed
from hub.text.language import Bilingual, Language
from schemas.fields import by_path
from schemas.http import claims as contract
from schemas.http.curation import RecordIdentifier, SourceRecord
from schemas.kind import kinds, value_at
from schemas.views.visibility import visible
from services.curation.core.presentation import View, nodes_of, spoken, summary, text_of


def claim(
    view: View, names: Mapping[str, Bilingual], *, claimed: Claimed, record: Record, **marks: bool
) -> contract.OwnershipClaim:
    """A claim with both sides, within what the reader may see; `names` are those of organisations, `marks` what the
    caller may do, and whether it is contested."""
    ownership, decided = claimed.ownership, claimed.ownership.decided
    both = list(_both(record, claimed.contribution.fields, view))
    claimant, holder = ownership.key[2], record.holder or ""
    return contract.OwnershipClaim(
        id=claimed.id,
        record=summary(record, view),
        claimant=claimant,
        claimant_name=_named(claimant, names, view.language),
        holder=holder,
        holder_name=_named(holder, names, view.language),
        source=SourceRecord(**spoken(claimed.contribution.ref(), view)),
        claimed_at=ownership.claimed_at,
        fields=tuple(field for field, differs in both if differs),
        alike=tuple(field for field, differs in both if not differs),
        identifiers=tuple(_led(record, claimed.contribution.fields, view)),
        decision=decided.decision if decided else None,
        decided_by=decided.decided_by if decided else None,
        decided_at=decided.decided_at if decided else None,
        reason=decided.reason if decided else "",
        **marks,
    )


def claim_decided(claim_id: str, decided: Decided) -> contract.ClaimDecided:
    """A decision on a claim."""
    names = contract.ClaimDecided.model_fields.keys() - {"id"}
    return contract.ClaimDecided(id=claim_id, **{name: getattr(decided, name) for name in names})


def result(claim_id: str, decided: Decided | Refusal, language: Language) -> contract.DecidedClaim:
    """What became of one of several claims."""
    if isinstance(decided, Refusal):
        problem = ProblemItem(**decided.problems[0].as_json(language))
        return contract.DecidedClaim(id=claim_id, decided=None, problem=problem)
    return contract.DecidedClaim(id=claim_id, decided=claim_decided(claim_id, decided), problem=None)


def _named(organisation: str, names: Mapping[str, Bilingual], language: Language) -> str:
    return names[organisation][language] if organisation in names else organisation


def _both(record: Record, stated: Mapping[str, Any], view: View) -> Iterator[tuple[contract.ClaimedField, bool]]:
    """What the row states, beside what the record says, and whether that is something else."""
    nodes = nodes_of(record)
    row = {name: value for name, value in stated.items() if value is not None}
    mine, theirs = (visible(nodes, fields, view.levels) for fields in (record.fields, row))
    for name, node in nodes.items():
        if name in theirs:
            claimed = text_of(node, theirs[name], view.language)
            recorded = text_of(node, mine[name], view.language) if mine.get(name) is not None else ""
            label = node.spec.label[view.language]
            field = contract.ClaimedField(field=name, label=label, recorded=recorded, claimed=claimed)
            yield field, mine.get(name) != theirs[name]


def _led(record: Record, stated: Mapping[str, Any], view: View) -> Iterator[RecordIdentifier]:
    """The identifiers of the row that lead to the record, as far as the reader may see them."""
    kind = kinds().get(record.kind)
    if kind is None:
        return
    specs, leading = by_path(kind), {record.id, *record.same_as, *record.aliases}
    seen = visible(nodes_of(record), {name: value for name, value in stated.items() if value is not None}, view.levels)
    for identity in kind.identity:
        parts = [value_at(seen, path) for path in identity.paths]
        if all(parts) and record_id(kind.name, identity.scheme, *map(str, parts)) in leading:
            for path, part in zip(identity.paths, parts, strict=True):
                yield RecordIdentifier(field=path, label=specs[path].label[view.language], value=str(part))
