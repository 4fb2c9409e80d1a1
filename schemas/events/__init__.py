"""What the events of the hub carry, beside submissions and records (hub.kernel)."""
