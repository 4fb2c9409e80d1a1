"""The AsyncAPI document: as AsyncAPI 3.0 and its Kafka bindings say, complete, and true to what the hub sends."""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from hub.kernel.cloudevents import CloudEvent
from hub.kernel.deadletters import dead_letter
from hub.kernel.entries import Delivered
from hub.log.kafka_eventlog import KafkaEventLog
from schemas.derive.asyncapi import asyncapi, cloud_event_headers
from schemas.derive.contracts import EVENTS
from schemas.derive.publish import ASYNCAPI, PUBLISHED, ROOT, main, write_published
from schemas.topics import contract_of, contracts
from tests.unit.jsonschema_subset import faults

pytestmark = pytest.mark.unit
DOCUMENT: dict[str, Any] = orjson.loads((ROOT / ASYNCAPI).read_bytes())
TEXT = {"type": "string", "minLength": 1}


def closed(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def mapping(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": schema}


REFERENCE = closed({"$ref": TEXT}, "$ref")
KAFKA_CHANNEL = closed(
    {
        "topic": TEXT,
        "partitions": {"type": "integer", "minimum": 1},
        "topicConfiguration": closed(
            {
                "cleanup.policy": {"type": "array", "minItems": 1, "items": {"enum": ["delete", "compact"]}},
                "retention.ms": {"type": "integer", "minimum": -1},
            }
        ),
        "bindingVersion": {"enum": ["0.5.0"]},
    },
    "bindingVersion",
)
CHANNEL = closed(
    {
        "address": TEXT,
        "title": TEXT,
        "description": TEXT,
        "x-purpose": {"type": "object"},
        "x-compatibility": TEXT,
        "servers": {"type": "array", "minItems": 1, "items": REFERENCE},
        "messages": mapping(REFERENCE),
        "bindings": closed({"kafka": KAFKA_CHANNEL}),
    },
    "address",
    "messages",
)
OPERATION = closed(
    {
        "action": {"enum": ["send", "receive"]},
        "channel": REFERENCE,
        "title": TEXT,
        "tags": {"type": "array", "items": closed({"name": TEXT}, "name")},
    },
    "action",
    "channel",
)
MESSAGE = closed(
    {
        "name": TEXT,
        "title": TEXT,
        "description": TEXT,
        "contentType": TEXT,
        "headers": closed({"type": {"enum": ["object"]}, "required": {"type": "array"}, "properties": {}}, "type"),
        "payload": {"type": "object"},
        "bindings": closed({"kafka": closed({"key": {"type": "object"}, "bindingVersion": {"enum": ["0.5.0"]}})}),
    },
    "name",
    "headers",
    "payload",
)
SPECIFICATION = closed(
    {
        "asyncapi": {"enum": ["3.0.0"]},
        "id": {"type": "string", "pattern": "^urn:"},
        "info": closed(
            {"title": TEXT, "version": TEXT, "description": TEXT, "license": closed({"name": TEXT}, "name")},
            "title",
            "version",
        ),
        "defaultContentType": TEXT,
        "servers": mapping(closed({"host": TEXT, "protocol": TEXT, "variables": {}}, "host", "protocol")),
        "channels": mapping(CHANNEL),
        "operations": mapping(OPERATION),
        "components": closed({"messages": mapping(MESSAGE)}),
    },
    "asyncapi",
    "info",
)


def references(value: Any) -> Iterator[str]:
    """Every `$ref` within the value."""
    if isinstance(value, dict):
        if isinstance(found := value.get("$ref"), str):
            yield found
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def test_the_document_is_asyncapi() -> None:
    assert list(faults(SPECIFICATION, DOCUMENT)) == []


def test_every_reference_leads_somewhere() -> None:
    found = set(references(DOCUMENT))
    for reference in found:
        if reference.startswith("#/"):
            at: Any = DOCUMENT
            for part in reference[2:].split("/"):
                at = at[part]
        else:
            assert (ROOT / PUBLISHED / reference).exists(), reference
    told = {reference for reference in found if reference.startswith("./")}
    assert told == {f"./{name}.json" for contract in contracts() for name in contract.events.values()}


def test_every_topic_and_each_service_that_writes_or_reads_it_is_there() -> None:
    assert set(DOCUMENT["channels"]) == {contract.topic.name for contract in contracts()}
    told = {
        (one["action"], one["tags"][0]["name"], one["channel"]["$ref"].removeprefix("#/channels/"))
        for one in DOCUMENT["operations"].values()
    }
    wanted = {("send", name, one.topic.name) for one in contracts() for name in one.producers}
    wanted |= {("receive", name, one.topic.name) for one in contracts() for name in one.consumers}
    assert told == wanted
    assert len(DOCUMENT["operations"]) == len(wanted)


def test_bindings_are_what_the_kafka_adapter_asks_the_broker_for() -> None:
    adapter = KafkaEventLog.__new__(KafkaEventLog)
    adapter._min_insync = 1
    for contract in contracts():
        told = DOCUMENT["channels"][contract.topic.name]["bindings"]["kafka"]
        asked = adapter._configs(contract.topic)
        assert told["partitions"] == contract.topic.partitions
        assert ",".join(told["topicConfiguration"]["cleanup.policy"]) == asked["cleanup.policy"]
        assert str(told["topicConfiguration"]["retention.ms"]) == asked["retention.ms"]


@pytest.mark.parametrize("event_type", EVENTS)
def test_headers_are_those_of_the_hubs_events(event_type: str) -> None:
    entry = CloudEvent("1", "hub.example.org", event_type, "a", "2026-01-02T03:04:05Z", b"{}").as_entry()
    headers = {name: value.decode() for name, value in entry.headers}
    schema = closed(dict(cloud_event_headers(event_type)), *cloud_event_headers(event_type))
    assert list(faults(schema, headers)) == []
    other = headers | {"ce_type": "cn.research-hub.other.v1"}
    assert list(faults(schema, other))


def test_headers_of_dead_letters_are_those_that_are_added() -> None:
    letter = dead_letter(Delivered("records", 3, 7, b"k", b"v", ()), "not-json", "no JSON")
    headers = {name: value.decode() for name, value in letter.headers}
    told = DOCUMENT["components"]["messages"]["dead-letter"]["headers"]
    assert list(faults({**told, "additionalProperties": False}, headers)) == []
    assert set(told["required"]) == set(headers)


def test_a_compacted_topic_with_retention_has_both_policies() -> None:
    entry = {
        "purpose": {"zh": "试", "en": "a try"},
        "producers": ["services/a"],
        "consumers": [],
        "key": "id",
        "partitions": 2,
        "compacted": True,
        "retention_hours": 1.5,
        "compatibility": "none",
        "events": {},
    }
    made = asyncapi([contract_of("tries", entry)])["channels"]["tries"]["bindings"]["kafka"]["topicConfiguration"]
    assert made == {"cleanup.policy": ["compact", "delete"], "retention.ms": 5_400_000}


def test_it_is_published_and_may_change_as_its_topics_do(tmp_path: Any) -> None:
    write_published(tmp_path)
    earlier = orjson.loads((tmp_path / ASYNCAPI).read_bytes())
    del earlier["channels"]["records"]
    (tmp_path / ASYNCAPI).write_bytes(orjson.dumps(earlier))
    assert main(["--check"], tmp_path) == 1
    assert write_published(tmp_path) == [str(ASYNCAPI)]
    assert main(["--check"], tmp_path) == 0
