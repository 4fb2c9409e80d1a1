"""Run one usage worker on Kafka: `python -m services.usage`; the settings are those of the hub (HUB_…).

The topics must be there. Each worker needs a data folder of its own (HUB_DATA_DIR).
"""

from contextlib import closing

from faust import Worker

from hub.log.kafka_eventlog import KafkaEventLog
from hub.observability.logs import configure
from hub.runtime.settings import Settings
from services.usage.core.facts import SOURCES
from services.usage.faust_app import make_app


def partitions_of(bootstrap: str) -> int:
    """How many partitions each source topic has; SystemExit where they have not equally many."""
    with closing(KafkaEventLog(bootstrap)) as event_log:
        counts = {topic: len(event_log.end_offsets(topic)) for topic in SOURCES}
    if len(set(counts.values())) != 1:
        listing = ", ".join(f"{topic}: {number}" for topic, number in counts.items())
        raise SystemExit(f"usage needs topics with equally many partitions, found {listing}")
    return counts[SOURCES[0]]


def main() -> None:
    """Until a signal ends it."""
    settings = Settings()
    configure(settings.log_format, settings.log_level)
    partitions = partitions_of(settings.kafka_bootstrap)
    folder = settings.data_dir.resolve() / "usage"
    folder.mkdir(parents=True, exist_ok=True)
    app = make_app(settings.kafka_bootstrap, folder, partitions, settings.node, settings.kafka_replication)
    worker = Worker(app, loglevel="WARNING", redirect_stdouts=False, quiet=True, override_logging=False)
    worker.spinner = None  # it has every debug message made, although none is shown
    worker.execute_from_commandline()


if __name__ == "__main__":
    main()
