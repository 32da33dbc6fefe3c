"""The project's code: what belongs to it, and what identifies it."""
