"""The shop as a Kedro project."""
