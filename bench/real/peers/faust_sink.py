"""A Faust agent with elasticsearch-py's bulk helper, batch by batch."""

import sys
from typing import Any

import faust
from elasticsearch import AsyncElasticsearch
from elasticsearch.helpers import async_bulk
from telling import asked, tell

WANTED = asked()
app = faust.App(
    WANTED["group"],
    broker=f"kafka://{WANTED['bootstrap']}",
    datadir=WANTED["folder"],
    consumer_auto_offset_reset="earliest",
    stream_buffer_maxsize=2 * WANTED["batch"],
    topic_partitions=WANTED["partitions"],
)
topic = app.topic(WANTED["topic"], key_serializer="raw", value_serializer="json")


@app.agent(topic)
async def store(stream: Any) -> None:
    client = AsyncElasticsearch(WANTED["url"])
    async for documents in stream.take(WANTED["batch"], within=0.5):
        actions = (
            {"_id": one["id"], "version": one["version"], "version_type": "external", "_source": one}
            for one in documents
        )
        await async_bulk(client, actions, index=WANTED["index"], chunk_size=WANTED["batch"])
        tell(len(documents))


sys.argv = ["faust", "worker", "--loglevel", "warn", "--without-web"]
app.main()
