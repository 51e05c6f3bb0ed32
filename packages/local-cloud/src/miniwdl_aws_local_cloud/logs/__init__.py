"""CloudWatch Logs: output of jobs becomes events, and events are read back."""
