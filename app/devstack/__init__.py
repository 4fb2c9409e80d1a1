"""Kafka, Elasticsearch and PostgreSQL as child processes: the same servers where no Docker engine answers."""
