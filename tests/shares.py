"""Which tests one process runs, in their order, where several processes run tests at once; told by their files."""

from pathlib import PurePath

from xdist.scheduler import LoadScopeScheduling

TOPICS_SHARE = {
    *("test_backup.py", "test_bench_real_smoke.py", "test_doctor.py"),
    *("test_moving.py", "test_roles.py", "test_usage_faust.py"),
}
"""Their tests use topics of the hub's own names, which a broker has once."""
APART = {
    *("test_booking_history.py", "test_postgresql_booking_history.py", "test_full_disk.py"),
    *("test_kill_import.py", "test_stack.py"),
}
"""Their tests are long and share nothing."""
LONG = TOPICS_SHARE | APART | {"test_real_faults.py", "test_ror_stream.py", "test_stubbed_servers.py"}
"""These begin first, so that none is left alone at the end."""


class ByShare(LoadScopeScheduling):
    """Gives a process one share after the other: a file's tests, since these share what is made once for them."""

    def _split_scope(self, nodeid: str) -> str:
        return share_of(nodeid)


def share_of(nodeid: str) -> str:
    """The share that a test is of."""
    path = nodeid.partition("::")[0]
    name = PurePath(path).name
    return "topics" if name in TOPICS_SHARE else nodeid if name in APART else path
