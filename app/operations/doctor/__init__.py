"""What `hub doctor` examines, and what it tells."""
