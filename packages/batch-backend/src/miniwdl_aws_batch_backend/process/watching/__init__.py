"""What became of jobs: asked of AWS for all of them at once, and told to the task that waits."""
