"""A lesson of `sandbox learn`; see lesson.yaml."""
