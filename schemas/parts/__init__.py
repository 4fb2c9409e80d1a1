"""Composite values of records: the base, and those that several kinds share."""
