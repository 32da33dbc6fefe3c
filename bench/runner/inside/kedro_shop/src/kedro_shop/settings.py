"""Nothing is set: Kedro's defaults."""
