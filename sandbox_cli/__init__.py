"""The `sandbox` command: a local, reproducible stack for debugging Spark pipelines after the fact."""

__version__ = "0.2.0"
