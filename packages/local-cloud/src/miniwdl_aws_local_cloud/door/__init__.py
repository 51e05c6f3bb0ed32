"""What every request passes: which operation it is, how often it may come, and what goes wrong on purpose."""
