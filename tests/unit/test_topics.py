"""The topics' contracts: complete, in line with what the code writes and reads, and refused where they are not."""

from importlib.resources import files

import pytest
import yaml

from hub.kernel.contributions import CLAIM_DECIDED, PREFERENCE_DECIDED, SAME_AS_DECIDED
from hub.kernel.deadletters import dead_letter_topic
from hub.kernel.records import RECORD_CHANGED, RECORDS, SUBMISSIONS, SUBMITTED
from hub.runtime.settings import Settings
from schemas.events.usage import USAGE
from schemas.topics import contract_of, contracts, topics

pytestmark = pytest.mark.unit


def test_partitions_are_chosen_for_all_but_dead_letters() -> None:
    chosen = {topic.name: topic for topic in topics(3)}
    assert {name: topic.partitions for name, topic in chosen.items()} == {
        "submissions": 3,
        "submissions.dead-letters": 1,
        "records": 3,
        "records.dead-letters": 1,
        "bookings": 3,
        "bookings.dead-letters": 1,
        "telemetry": 3,
        "telemetry.dead-letters": 1,
        "usage": 3,
        "usage.dead-letters": 1,
    }
    assert [name for name, topic in chosen.items() if topic.compacted] == [RECORDS, USAGE]
    assert all(topic.compacted or topic.retention_hours for topic in chosen.values())


def test_partitions_are_the_contracts_own_on_servers_and_one_on_the_embedded_log() -> None:
    assert topics() == tuple(contract.topic for contract in contracts())
    embedded, real = Settings(profile="embedded", partitions=None), Settings(profile="real", partitions=None)
    assert (embedded.topic_partitions, real.topic_partitions) == (1, None)
    chosen = {Settings(profile=profile, partitions=4).topic_partitions for profile in ("embedded", "real")}
    assert chosen == {4}


def test_every_topic_has_dead_letters_and_every_event_one_topic() -> None:
    named = {contract.topic.name: contract for contract in contracts()}
    plain = {name for name, contract in named.items() if not contract.dead_letters}
    assert {dead_letter_topic(name) for name in plain} == set(named) - plain
    types = [event for contract in named.values() for event in contract.events]
    assert len(types) == len(set(types))
    assert {SUBMITTED, SAME_AS_DECIDED, PREFERENCE_DECIDED, CLAIM_DECIDED} == set(named[SUBMISSIONS].events)
    assert {RECORD_CHANGED} == set(named[RECORDS].events)
    assert all(contract.purpose.zh != contract.purpose.en for contract in named.values())


def test_an_incomplete_contract_is_refused() -> None:
    entry = yaml.safe_load((files("schemas") / "topics.yaml").read_text("utf-8"))["records"]
    assert contract_of("records", entry).topic.name == "records"
    with pytest.raises(ValueError, match="topic records: missing or unknown key"):
        contract_of("records", {name: value for name, value in entry.items() if name != "key"})
    with pytest.raises(ValueError, match="compatibility"):
        contract_of("records", entry | {"compatibility": "forward"})
