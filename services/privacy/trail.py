"""The audit trail as people may read it: what concerns them, in words, as a file, and whether it is whole."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from datetime import date, datetime, time, timedelta
from itertools import islice
from threading import Lock
from zoneinfo import ZoneInfo

from hub.kernel.access import Principal
from hub.kernel.contributions import kind_of
from hub.kernel.problems import refusal
from hub.ports.clock import Clock, rfc3339
from hub.ports.names import Names
from hub.ports.personal import PersonalValues
from hub.ports.records import RecordReader
from hub.runtime.manifest import NOBODY
from hub.text.language import Bilingual, Language
from schemas.cells import guarded
from schemas.http import audit as contract
from schemas.kind import kind_named, kinds
from schemas.views.personal import is_token
from schemas.views.titles import titles
from schemas.views.visibility import PUBLIC, layout, visible
from services.privacy.core.chain import Entry
from services.privacy.core.words import COLUMNS, headings, ids_in, in_words
from services.privacy.ports import AuditStore, Selection

OVERSEERS = frozenset({"auditor", "operator"})
OF_ORGANISATION = frozenset({"manager", "steward"})
CHECK_AGE = timedelta(minutes=10)
"""The chain is followed from its beginning at most so often, however many look."""
BOM = "\ufeff"
"""Without it Excel takes a CSV file for one in the system's old encoding."""


class Trail:
    """The audit trail as callers may read it; each method raises Refusal (401, 403) for whoever has no account."""

    def __init__(  # noqa: PLR0917 - what it stands on
        self,
        store: AuditStore,
        names: Names,
        records: RecordReader,
        personal: PersonalValues,
        clock: Clock,
        zone: str,
    ) -> None:
        self._store = store
        self._names = names
        self._records = records
        self._personal = personal
        self._clock = clock
        self._zone = ZoneInfo(zone)
        self._checking = Lock()
        self._checked: contract.AuditChain | None = None

    def newest(self, selection: Selection, limit: int, language: Language) -> Iterator[dict[str, object]]:
        """Entries beside their words, the newest first, for operators at the command line."""
        return self._read(self._store.entries(selection, limit), language)

    def page(self, query: contract.AuditQuery, caller: Principal, language: Language) -> contract.AuditPage:
        """The newest entries first, of those that concern the caller."""
        entries = self._store.entries(self._selection(query, caller, query.before), query.limit)
        read = tuple(contract.ReadEntry(**values) for values in self._read(entries, language))
        return contract.AuditPage(entries=read, next=entries[-1].number if len(entries) == query.limit else None)

    def export(self, query: contract.AuditExportQuery, caller: Principal, language: Language) -> Iterator[bytes]:
        """What concerns the caller, as lines of JSON or as CSV: for those who oversee the whole trail with what was
        sealed of it, the oldest first; for others the newest first.
        """
        selection = self._selection(query, caller)
        entries = self._everything(selection) if caller.roles & OVERSEERS else self._paged(selection)
        return self._table(entries, language) if query.format == "csv" else map(Entry.to_line, entries)

    def chain(self, caller: Principal) -> contract.AuditChain:
        """Whether every entry is as it was noted, as of less than CHECK_AGE ago."""
        self._selection(contract.AuditFilter(), caller)
        with self._checking:
            now = self._clock.now()
            if self._checked is None or datetime.fromisoformat(self._checked.checked_at) < now - CHECK_AGE:
                self._checked = self._follow(now)
            return self._checked

    def _follow(self, now: datetime) -> contract.AuditChain:
        newest = next(iter(self._store.entries(Selection(), 1)), None)
        broken = self._store.verify()
        return contract.AuditChain(
            state=broken.how if broken else "whole",
            number=broken.number if broken else newest.number if newest else 0,
            at=newest.at if newest and not broken else None,
            checked_at=rfc3339(now),
            away=tuple(self._store.missing_files()),
        )

    def _selection(self, chosen: contract.AuditFilter, caller: Principal, before: int = 0) -> Selection:
        """What the caller may read of what was chosen."""
        selection = Selection(
            before=before,
            organisation=chosen.organisation,
            subject=chosen.subject,
            action=chosen.action,
            account=chosen.account,
            outcome=chosen.outcome,
            since=self._midnight(chosen.first) if chosen.first else "",
            until=self._midnight(chosen.last + timedelta(days=1)) if chosen.last else "",
        )
        if caller.roles & OVERSEERS:
            return selection
        if caller.roles & OF_ORGANISATION and caller.organisation:
            own = chosen.organisation in ("", caller.organisation)
            return replace(selection, organisation=caller.organisation if own else NOBODY)
        if caller.account:
            return replace(selection, person=caller.account)
        raise refusal("not-allowed", "privacy.whose-trail", "", "Authorization", 403 if caller.roles else 401)

    def _midnight(self, day: date) -> str:
        return rfc3339(datetime.combine(day, time(), self._zone))

    def _everything(self, selection: Selection) -> Iterator[Entry]:
        return filter(selection.takes, self._store.everything())

    def _paged(self, selection: Selection) -> Iterator[Entry]:
        while page := self._store.entries(selection, contract.PAGE_LIMIT):
            yield from page
            selection = replace(selection, before=page[-1].number)

    def _read(self, entries: list[Entry], language: Language) -> Iterator[dict[str, object]]:
        names = {**self._called(ids_in(entries)), **dict(self._titles(entries))}
        for entry in entries:
            yield {**asdict(entry), **in_words(entry, names, language)}

    def _called(self, ids: set[str]) -> dict[str, Bilingual]:
        """The names of accounts and organisations, but for those that are sealed and cannot be opened any more."""
        names = dict(self._names.of(ids))
        opened = self._personal.open({name.zh for name in names.values() if is_token(name.zh)})
        for known, name in list(names.items()):
            if name.zh in opened:
                names[known] = Bilingual(str(opened[name.zh]), str(opened[name.zh]))
            elif is_token(name.zh):
                del names[known]
        return names

    def _titles(self, entries: list[Entry]) -> Iterator[tuple[str, Bilingual]]:
        """What is public of how the records that something was done to are called."""
        subjects = {entry.subject for entry in entries if kind_of(entry.subject) in kinds()}
        for record in self._records.get(subjects).values() if subjects else ():
            kind = kind_named(record.kind)
            public = visible(layout(kind), record.fields, PUBLIC)
            zh, en = titles(kind, public, "zh"), titles(kind, public, "en")
            if zh and en:
                yield record.id, Bilingual(zh[0], en[0])

    def _table(self, entries: Iterable[Entry], language: Language) -> Iterator[bytes]:
        yield (BOM + _line(headings(language))).encode()
        remaining = iter(entries)
        while page := list(islice(remaining, contract.PAGE_LIMIT)):
            rows = self._read(page, language)
            yield "".join(_line([str(row[name]) for name in COLUMNS]) for row in rows).encode()


def _line(cells: Iterable[str]) -> str:
    line = io.StringIO(newline="")
    csv.writer(line).writerow(map(guarded, cells))
    return line.getvalue()
