"""Services and servers killed at random under a stream of records: the real stack, one seed.

More seeds and records: python -m tests.simulation.real_faults --seeds 10 --records 200000 --brokers 3
"""

from pathlib import Path

from tests.servers import had
from tests.simulation.real_faults import SERVICES, run

RECORDS = 5_000


def test_nothing_is_lost_on_the_real_servers(tmp_path: Path) -> None:
    from app.devstack.stack import fetch

    had("Kafka, Elasticsearch and PostgreSQL together", fetch)
    told = run(first=100, seeds=1, records=RECORDS, brokers=1)
    for victim in (*SERVICES, "kafka-1", "elasticsearch", "postgresql"):
        assert f"{victim} " in told, f"{victim} was never killed; the run is no test"
