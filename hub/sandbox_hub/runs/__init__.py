"""The page of runs: what ran, what failed and where, and the ways into one's own server."""
