"""The tables of the catalogue's service. The catalogue itself is made again from the record store, and is none."""

from sqlalchemy import Column, Index, Table, Text

from hub.sql.metadata import NAME, in_store, metadata

searches = Table(
    "searches",
    metadata,
    Column("id", NAME, primary_key=True),
    Column("owner", NAME, nullable=False),
    Column("name", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("created_at", NAME, nullable=False),
    info=in_store("searches"),
)
Index("searches_of", searches.c.owner, searches.c.created_at.desc(), searches.c.id)
