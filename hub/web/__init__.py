"""What every HTTP API of the hub shares."""
