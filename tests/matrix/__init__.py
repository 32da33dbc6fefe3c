"""tests/spark against more than one Spark: `make test-matrix`."""

OWN = "4.1"  # the line of Spark in the image
