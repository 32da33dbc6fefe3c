"""How much of the disk each user holds, and who has to stop before it is full."""
