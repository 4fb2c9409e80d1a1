"""What counts as use of an instrument: pure functions of the set of events, in whatever order they come."""
