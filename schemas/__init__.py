"""Contracts of the hub: one module a record kind, and everything that is derived from them."""
