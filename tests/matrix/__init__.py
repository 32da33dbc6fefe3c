"""tests/spark against more than one Spark: `make test-matrix`."""
