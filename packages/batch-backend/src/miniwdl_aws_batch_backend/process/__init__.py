"""What all tasks of the process share: its requests to AWS, its jobs' definitions, one watch over all jobs."""
