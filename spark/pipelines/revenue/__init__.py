"""The revenue pipeline: a project of its own, with the generator of its data."""
