"""What of a record is shown, to whom, and in which words: one rule for every service."""
