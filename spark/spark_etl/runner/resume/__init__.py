"""What an earlier run has computed and still holds."""
