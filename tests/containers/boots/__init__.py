"""Hosts boot with what `miniwdl-aws fsx user-data` writes: systemd and cloud-init are real, and run in containers."""
