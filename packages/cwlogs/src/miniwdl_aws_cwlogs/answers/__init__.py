"""What the hooks are answered with: one follower for all of this process, a note for each task, a check."""
