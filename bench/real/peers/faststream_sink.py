"""FastStream with elasticsearch-py's bulk helper, batch by batch."""

import asyncio
from typing import Any

from elasticsearch import AsyncElasticsearch
from elasticsearch.helpers import async_bulk
from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker
from telling import asked, tell

WANTED = asked()
broker = KafkaBroker(WANTED["bootstrap"], logger=None, apply_types=False)
app = FastStream(broker, logger=None)
client: list[AsyncElasticsearch] = []


@app.on_startup
async def connect() -> None:
    client.append(AsyncElasticsearch(WANTED["url"]))


@broker.subscriber(
    WANTED["topic"],
    batch=True,
    max_records=WANTED["batch"],
    group_id=WANTED["group"],
    auto_offset_reset="earliest",
    ack_policy=AckPolicy.NACK_ON_ERROR,
    max_partition_fetch_bytes=8 * 2**20,
)
async def store(documents: list[dict[str, Any]]) -> None:
    actions = (
        {"_id": one["id"], "version": one["version"], "version_type": "external", "_source": one} for one in documents
    )
    await async_bulk(client[0], actions, index=WANTED["index"], chunk_size=WANTED["batch"])
    tell(len(documents))


asyncio.run(app.run())
