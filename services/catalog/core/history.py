"""What each version of a record changed, told by the rows that the reader may see."""

from collections.abc import Sequence
from typing import Any

from hub.kernel.access import Openness
from hub.kernel.records import Record
from hub.text.language import Language
from schemas.kind import kinds
from schemas.views.visibility import layout, visible
from services.catalog.core.pages import rows


def history_json(
    versions: Sequence[Record], levels: frozenset[Openness], language: Language, limit: int
) -> list[dict[str, Any]]:
    """The newest `limit` versions, newest first, each against the one before it.

    Where the record is withdrawn now, no version tells its fields: they have left with it. The oldest version given is
    told against nothing only where it is the first.
    """
    withdrawn = bool(versions) and versions[0].status == "withdrawn"
    entries = []
    for position, record in enumerate(versions[:limit]):
        before = versions[position + 1] if position + 1 < len(versions) else None
        known = before is not None or record.version == 1
        changes = [] if withdrawn or not known else _changes(before, record, levels, language)
        entries.append(
            {
                "version": record.version,
                "status": record.status,
                "updated_at": record.updated_at,
                "changes": changes,
            }
        )
    return entries


def _changes(
    before: Record | None, after: Record, levels: frozenset[Openness], language: Language
) -> list[dict[str, Any]]:
    old = _rows_by_path(before, levels, language) if before else {}
    new = _rows_by_path(after, levels, language)
    return [
        {
            "path": path,
            "label": (new.get(path) or old[path])["label"],
            "before": old[path]["shown"] if path in old else None,
            "after": new[path]["shown"] if path in new else None,
        }
        for path in dict.fromkeys((*new, *old))
        if old.get(path) != new.get(path)
    ]


def _rows_by_path(record: Record, levels: frozenset[Openness], language: Language) -> dict[str, dict[str, Any]]:
    kind = kinds().get(record.kind)
    fields = visible(layout(kind), record.fields, levels) if kind else {}
    return {row["path"]: row for row in rows(kind, fields, language, {})}
