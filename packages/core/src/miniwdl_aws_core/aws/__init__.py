"""Talking to AWS: the client of a service, what its requests raise, and how fast they may come."""
