"""Pipelines on the stack: the project and its packages brought to a driver, and a run watched to its end."""
