"""What runs in containers of the stack, on the Python that is there."""
