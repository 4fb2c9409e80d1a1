"""The record kinds, a module each; every module here is found by itself (schemas.kind.kinds)."""
