"""What a run leaves, typed. `RunStore` is the only one that knows where it lies."""
