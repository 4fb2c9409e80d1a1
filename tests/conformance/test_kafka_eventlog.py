"""The Kafka event log, held to the suite of the port on a real broker."""

import pytest

from hub.log.kafka_eventlog import KafkaEventLog
from tests.conformance.eventlog import EventLogConformance, Open

pytestmark = pytest.mark.conformance


class TestKafkaEventLog(EventLogConformance):
    adapter = "KafkaEventLog"
    capabilities = frozenset({"group-rebalancing"})

    @pytest.fixture
    def open_log(self, kafka_bootstrap: str) -> Open:
        return lambda: KafkaEventLog(kafka_bootstrap, session_seconds=6.0)
