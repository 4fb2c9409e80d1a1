"""Moving a hub's data between the two sets of adapters, and keeping copies of it."""
