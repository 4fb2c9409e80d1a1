"""How instruments are used: run-time telemetry and bookings become hours, sharing rates and no-shows."""
