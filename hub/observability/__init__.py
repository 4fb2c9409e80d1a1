"""What the hub tells of itself: metrics, traces and logs. Services call it at their edges, the core never."""
