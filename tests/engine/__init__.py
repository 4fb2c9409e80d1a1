"""A Docker engine for the tests, and images for it: where no registry can be reached, stand-ins under the same tags."""

SHORT_LIVED_JAVA = {"JDK_JAVA_OPTIONS": "-XX:TieredStopAtLevel=1"}
"""Environment of a test's servers: optimised code comes too late for them.

It would cost a third of the CPU of a start of Kafka, and half of one of Elasticsearch.
"""
