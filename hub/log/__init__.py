"""The event log: its adapters, and how workers read it."""
