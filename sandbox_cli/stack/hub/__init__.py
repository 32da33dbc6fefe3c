"""The hub as the command uses it: its API, its users, their servers, the notebooks that they share."""
