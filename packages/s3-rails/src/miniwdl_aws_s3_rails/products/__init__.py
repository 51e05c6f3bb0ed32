"""What a run made: which files may leave its directory, where they go, and in which order."""
