"""All that can be found out about a file system, and what is wrong with it."""
