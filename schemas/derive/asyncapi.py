"""The event log as an AsyncAPI 3.0 document: a channel a topic, an operation for each service that writes or reads it.

https://www.asyncapi.com/docs/reference/specification/v3.0.0 with the Kafka bindings 0.5.0. Messages are CloudEvents 1.0
in binary content mode: attributes are headers, the data is the payload, whose schema is the published one beside this
file. Replicas are for each deployment to choose (HUB_KAFKA_REPLICATION) and so are not told.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from hub.kernel.cloudevents import SPEC_VERSION
from schemas.derive.contracts import EVENTS
from schemas.topics import Contract

VERSION = "3.0.0"
BINDING = "0.5.0"
SCHEMA_FORMAT = "application/schema+json;version=draft-2020-12"
SERVER = "log"
DEAD_LETTER = "dead-letter"
HOUR_MS = 3_600_000
Document = dict[str, Any]

_TEXT: Document = {"type": "string", "minLength": 1}
_NUMBER_AS_TEXT: Document = {"type": "string", "pattern": "^[0-9]+$"}
_ADDED: Mapping[str, Document] = {
    "reason_code": _TEXT | {"description": "a stable code"},
    "reason": _TEXT | {"description": "a sentence in English"},
    "original_topic": _TEXT,
    "original_partition": _NUMBER_AS_TEXT,
    "original_offset": _NUMBER_AS_TEXT,
}
"""What a dead letter has beside the headers that it came with."""


def asyncapi(contracts: Iterable[Contract]) -> Document:
    """The document of these topics. The same for the same contracts, byte for byte."""
    known = tuple(contracts)
    return {
        "asyncapi": VERSION,
        "id": "urn:research-hub:asyncapi",
        "info": {
            "title": "科研资源共享枢纽的事件 · Events of the research-resource sharing hub",
            "version": "1",
            "description": "Compatible within a major version; a change that cannot be is a new event type (v2).",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            SERVER: {
                "host": "{bootstrap}",
                "protocol": "kafka",
                "variables": {"bootstrap": {"default": "127.0.0.1:9092", "description": "HUB_KAFKA_BOOTSTRAP"}},
            }
        },
        "channels": {contract.topic.name: _channel(contract) for contract in known},
        "operations": dict(operation for contract in known for operation in _operations(contract)),
        "components": {"messages": dict(message for contract in known for message in _messages(contract))},
    }


def _channel(contract: Contract) -> Document:
    topic = contract.topic
    names = list(contract.events.values()) or [DEAD_LETTER]
    retention = -1 if topic.retention_hours is None else int(topic.retention_hours * HOUR_MS)
    policy = (["compact"] if topic.compacted else []) + (["delete"] if retention >= 0 else [])
    return {
        "address": topic.name,
        "title": topic.name,
        "description": f"{contract.purpose.zh}\n\n{contract.purpose.en}",
        "x-purpose": asdict(contract.purpose),
        "x-compatibility": contract.compatibility,
        "servers": [{"$ref": f"#/servers/{SERVER}"}],
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {"cleanup.policy": policy or ["delete"], "retention.ms": retention},
                "bindingVersion": BINDING,
            }
        },
    }


def _operations(contract: Contract) -> Iterator[tuple[str, Document]]:
    """By names such as `curation-receive-submissions`; each may come with any message of its channel."""
    for action, services in (("send", contract.producers), ("receive", contract.consumers)):
        for service in services:
            name = service.removeprefix("services/").replace("/", "-")
            yield (
                f"{name}-{action}-{contract.topic.name}",
                {
                    "action": action,
                    "channel": {"$ref": f"#/channels/{contract.topic.name}"},
                    "title": f"{service} {action}s {contract.topic.name}",
                    "tags": [{"name": service}],
                },
            )


def _messages(contract: Contract) -> Iterator[tuple[str, Document]]:
    for event_type, name in contract.events.items():
        label = EVENTS[event_type][1]
        yield (
            name,
            {
                "name": event_type,
                "title": f"{label.zh} · {label.en}",
                "contentType": "application/json",
                "headers": _headers(cloud_event_headers(event_type)),
                "payload": {"schemaFormat": SCHEMA_FORMAT, "schema": {"$ref": f"./{name}.json"}},
                "bindings": {"kafka": _key(contract.key)},
            },
        )
    if contract.dead_letters:
        yield (
            DEAD_LETTER,
            {
                "name": DEAD_LETTER,
                "title": "死信 · Dead letter",
                "description": "The entry as it came, key, value and headers, with the reason and where it had been.",
                "headers": _headers(_ADDED),
                "payload": {"description": "whatever the entry held; it may be no JSON at all"},
                "bindings": {"kafka": _key("as the entry had")},
            },
        )


def cloud_event_headers(event_type: str) -> Mapping[str, Document]:
    """The attributes of an event of this type as Kafka headers (CloudEvents' Kafka protocol binding, 3.2)."""
    return {
        "ce_specversion": {"type": "string", "enum": [SPEC_VERSION.decode()]},
        "ce_id": _TEXT | {"description": "with ce_source it identifies the event, so that a repeat can be dropped"},
        "ce_source": _TEXT,
        "ce_type": {"type": "string", "enum": [event_type]},
        "ce_subject": _TEXT | {"description": "also the entry's key"},
        "ce_time": {"type": "string", "format": "date-time"},
        "content-type": {"type": "string", "enum": ["application/json"]},
    }


def _headers(properties: Mapping[str, Document]) -> Document:
    return {"type": "object", "required": list(properties), "properties": dict(properties)}


def _key(what: str) -> Document:
    return {"key": {"type": "string", "description": what}, "bindingVersion": BINDING}
