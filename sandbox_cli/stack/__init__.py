"""What the stack is made of: engine, images, compose, services, secrets."""
