"""What stands between a hook's callers and plugins: what a function does and gives is held against what is declared."""
