"""Where a hub that runs on a data folder can be reached, as it writes down for others on this machine."""

ADDRESS_FILE = "hub.address"
