"""A service between the hub and the Docker engine: what is not on its lists does not pass."""
