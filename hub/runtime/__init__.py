"""A process at work: its settings and its workers."""
