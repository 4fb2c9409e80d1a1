"""What the hub needs to find on its servers: topics and tables."""

from kafka import KafkaAdminClient

from hub.adapters.kafka_eventlog import KafkaEventLog
from hub.adapters.postgresql import migrate
from hub.settings import Settings
from schemas.topics import contracts

REPLICAS = 3


def prepare(settings: Settings) -> list[str]:
    """Create the topics that are missing and bring the tables up to date; what of the topics is not as wanted.

    Each topic gets the partitions of its contract and up to three replicas, of which all but one must have an entry
    before it is acknowledged. Safe to repeat, also while the hub runs.
    """
    migrate(settings.postgresql_dsn)
    replicas = min(REPLICAS, brokers(settings.kafka_bootstrap))
    log = KafkaEventLog(settings.kafka_bootstrap, replication=replicas, min_insync=max(1, replicas - 1))
    try:
        wanted = [contract.topic for contract in contracts()]
        log.create_topics(wanted)
        return log.differences(wanted)
    finally:
        log.close()


def brokers(bootstrap: str) -> int:
    """How many brokers the cluster has just now."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        return len(admin.describe_cluster()["brokers"])
    finally:
        admin.close()
