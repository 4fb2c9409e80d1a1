"""The operator's application: composition, server, command line, operations on data, servers for development."""
