"""Keys and secrets: the container's own secrets, users' keys to S3, and those of Spark Connect."""
