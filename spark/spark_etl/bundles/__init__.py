"""A run in one file: what of a run goes along, and how a file becomes a run; see docs/bundles.md."""
