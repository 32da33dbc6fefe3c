"""The runner: from a command line to checkpoints, outputs and a run.json."""
