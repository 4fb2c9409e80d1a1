"""What the hub needs to find on its servers: topics and tables."""

from hub.log.kafka_eventlog import KafkaEventLog
from hub.runtime.settings import Settings
from hub.sql.postgresql import migrate
from schemas.topics import topics


def prepare(settings: Settings) -> list[str]:
    """Create the topics that are missing and bring the tables up to date; what of the topics is not as wanted.

    Safe to repeat, also while the hub runs.
    """
    migrate(settings.postgresql_dsn)
    log = KafkaEventLog(
        settings.kafka_bootstrap, replication=settings.kafka_replication, min_insync=settings.kafka_min_insync
    )
    try:
        wanted = topics(settings.partitions)
        log.create_topics(wanted)
        return log.differences(wanted)
    finally:
        log.close()
