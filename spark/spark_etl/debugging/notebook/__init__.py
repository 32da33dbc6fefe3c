"""The debug notebook: one feature of a run as cells, and the cells as code again."""
