"""What works inside the process of ``miniwdl run``: downloads, their cache, uploads as you go."""
