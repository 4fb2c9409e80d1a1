"""The kernel of the hub: values, ports, settings, composition root and command line."""
