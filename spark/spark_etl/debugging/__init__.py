"""From a failed or wrong run to its cause: one feature of it again, on what it had read."""
