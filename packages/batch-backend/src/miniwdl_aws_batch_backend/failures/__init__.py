"""Why a job failed or does not start, what follows from it, and what is told of it."""
