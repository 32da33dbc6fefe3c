"""The Docker engine: found, installed where there is none, started, and what the machine can carry."""
