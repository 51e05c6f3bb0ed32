"""A cloud that is up: its settings, its state folder, its server process, and the commands that lead there."""
