"""`make bench`: how long the stack takes and how much it needs, beside what the same machine needs at least."""
