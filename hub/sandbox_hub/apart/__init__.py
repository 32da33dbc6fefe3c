"""Pages of what others wrote, made in processes of their own, with little memory and time."""
