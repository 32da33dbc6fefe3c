"""One server per user: the spawner, the sizes there are, and why a server is not started."""
