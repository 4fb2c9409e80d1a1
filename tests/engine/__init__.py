"""A Docker engine for the tests, and images for it: where no registry can be reached, stand-ins under the same tags."""
