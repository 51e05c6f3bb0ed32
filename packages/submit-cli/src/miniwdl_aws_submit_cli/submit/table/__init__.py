"""Many runs at once: one for each row of a table."""
