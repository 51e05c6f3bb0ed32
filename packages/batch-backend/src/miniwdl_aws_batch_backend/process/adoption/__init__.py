"""What outlives a killed run: a journal of its jobs, and how the next run takes them over."""
