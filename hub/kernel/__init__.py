"""Pure values and functions shared by every service; nothing here performs I/O."""
