"""From a command line to a workflow job: check, stage, submit."""
