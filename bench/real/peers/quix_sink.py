"""Quix Streams with its own ElasticsearchSink: the entry's key is the document's id; it knows no external versions."""

from quixstreams import Application
from quixstreams.sinks import SinkBatch
from quixstreams.sinks.community.elasticsearch import ElasticsearchSink
from telling import asked, tell

WANTED = asked()


class Telling(ElasticsearchSink):
    """Tells of each batch that is written."""

    def write(self, batch: SinkBatch) -> None:
        super().write(batch)
        tell(batch.size)


app = Application(
    broker_address=WANTED["bootstrap"],
    consumer_group=WANTED["group"],
    auto_offset_reset="earliest",
    commit_every=WANTED["batch"],
    loglevel="WARNING",
    state_dir=WANTED["folder"],
)
frame = app.dataframe(app.topic(WANTED["topic"], value_deserializer="json"))
frame.sink(Telling(url=WANTED["url"], index=WANTED["index"], batch_size=WANTED["batch"]))
app.run()
