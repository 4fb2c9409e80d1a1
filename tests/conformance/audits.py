"""What every audit trail must do. An adapter's test supplies `made`, which opens the trail, and `tables`."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from sqlalchemy import delete, update

from hub.ports.audit import AuditEvent
from hub.sql.statements import SqlDatabase
from services.privacy.adapters.sql_audit import SqlAuditTrail
from services.privacy.core.chain import Broken, Chain
from services.privacy.ports import Selection
from services.privacy.tables import audit_entries, audit_head
from tests.conformance.gaps import Conformance

AT = datetime(2026, 1, 1, tzinfo=UTC)
Made = Callable[[], SqlAuditTrail]


def event(number: int, account: str = "acc-1", organisation: str = "org-1") -> AuditEvent:
    return AuditEvent(AT, account, organisation, "tok-1", "personal.read", f"expert-{number}", detail="细节")


class AuditTrailConformance(Conformance):
    suite = "audit trail"

    @pytest.fixture
    def trail(self, made: Made) -> Iterator[SqlAuditTrail]:
        trail = made()
        yield trail
        trail.close()

    def test_everything_that_was_noted_is_there_in_order(self, trail: SqlAuditTrail) -> None:
        for number in range(50):
            trail.note(event(number))
        entries = list(trail.everything())
        assert [entry.number for entry in entries] == list(range(1, 51))
        assert [entry.subject for entry in entries] == [f"expert-{number}" for number in range(50)]
        assert (entries[0].at, entries[0].detail) == ("2026-01-01T00:00:00.000000Z", "细节")
        assert trail.verify() is None

    def test_a_clean_stop_loses_nothing(self, made: Made) -> None:
        first = made()
        for number in range(5_000):
            first.note(event(number))
        first.close()
        second = made()
        assert [entry.number for entry in second.everything()] == list(range(1, 5_001))
        second.close()

    def test_processes_that_note_at_once_make_one_chain(self, made: Made) -> None:
        trails = [made() for _ in range(3)]
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(lambda trail: [trail.note(event(number)) for number in range(200)], trails))
        for trail in trails:
            trail.flush()
        assert Chain().follow(trails[0].everything()) is None
        assert len(list(trails[0].everything())) == 600
        for trail in trails:
            trail.close()

    @pytest.mark.parametrize("change", ["detail", "gone", "first", "last", "hash"])
    def test_a_tampered_entry_is_named(self, trail: SqlAuditTrail, tables: SqlDatabase, change: str) -> None:
        for number in range(10):
            trail.note(event(number))
        assert trail.verify() is None
        of = audit_entries.c.number
        statement, broken = {
            "detail": (update(audit_entries).where(of == 4).values(detail="else"), Broken(4, "changed")),
            "hash": (update(audit_entries).where(of == 10).values(hash="0" * 64), Broken(10, "changed")),
            "gone": (delete(audit_entries).where(of == 4), Broken(4, "missing")),
            "first": (delete(audit_entries).where(of == 1), Broken(1, "missing")),
            "last": (delete(audit_entries).where(of == 10), Broken(10, "cut")),
        }[change]
        with tables.writing() as sql:
            sql.execute(statement)
        assert trail.verify() == broken

    def test_a_trail_that_was_written_anew_does_not_fit_its_head(
        self, trail: SqlAuditTrail, tables: SqlDatabase
    ) -> None:
        trail.note(event(1))
        trail.flush()
        with tables.writing() as sql:
            sql.execute(update(audit_head).values(hash="0" * 64))
        assert trail.verify() == Broken(1, "changed")

    def test_entries_are_selected_by_whom_they_concern(self, trail: SqlAuditTrail) -> None:
        for number in range(9):
            trail.note(event(number, f"acc-{number % 3}", f"org-{number % 2}"))

        def numbers(limit: int = 100, **chosen: object) -> list[int]:
            return [entry.number for entry in trail.entries(Selection(**chosen), limit)]  # type: ignore[arg-type]

        assert numbers() == [9, 8, 7, 6, 5, 4, 3, 2, 1]
        assert numbers(2, before=6) == [5, 4]
        assert numbers(organisation="org-1") == [8, 6, 4, 2]
        assert numbers(person="acc-2") == [9, 6, 3]
        assert numbers(person="expert-4") == numbers(subject="expert-4") == [5]
        assert numbers(action="session.begin") == []
        for subject in ("acc-2 org-7", "acc-22 org-7", "org-7 acc-2"):
            trail.note(AuditEvent(AT, "acc-9", "org-7", "ses-1", "membership.end", subject))
        chosen = Selection(person="acc-2")
        assert [entry.number for entry in trail.everything() if chosen.takes(entry)] == [3, 6, 9, 10]
        assert numbers(person="acc-2") == [10, 9, 6, 3], "what was done to a membership is done to its account"

    def test_old_entries_are_sealed_into_files_and_still_verified(self, sealing: Made) -> None:
        trail = sealing()
        for number in range(95):
            trail.note(event(number))
            if number % 5 == 0:
                trail.flush()
        assert [entry.number for entry in trail.everything()] == list(range(1, 96))
        assert trail.verify() is None
        assert len(trail.entries(Selection(), 1_000)) < 40
        files = sorted(trail._folder.iterdir())
        assert len(files) >= 3
        assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
        data = files[1].read_bytes()
        files[1].write_bytes(data.replace(b"expert-25", b"expert-99"))
        assert trail.verify() == Broken(26, "changed")
        files[1].write_bytes(b"".join(data.splitlines(keepends=True)[:-1]))
        assert trail.verify() is not None
        files[1].unlink()
        assert trail.verify() is None
        assert trail.missing_files() == [files[1].name]
        trail.close()
