"""What the task backend records of a run's jobs and hosts beside miniwdl's own files, and a report reads back."""
