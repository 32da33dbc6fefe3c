"""The images: what they are made of, which of them are missing, how they are built."""
