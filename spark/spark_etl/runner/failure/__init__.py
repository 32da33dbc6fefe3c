"""A feature that fails: its error, its report, and the inputs that are kept of it."""
