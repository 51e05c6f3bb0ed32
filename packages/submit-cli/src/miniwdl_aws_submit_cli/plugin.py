"""What this distribution answers to the hooks."""
