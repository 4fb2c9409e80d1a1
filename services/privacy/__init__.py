"""Privacy: what the hub has to answer for, and the keys of those whom it keeps values of."""
