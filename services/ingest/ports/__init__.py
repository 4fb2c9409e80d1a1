"""What ingest stands on."""
