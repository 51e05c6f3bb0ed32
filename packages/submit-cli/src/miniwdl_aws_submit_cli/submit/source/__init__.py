"""Where a WDL lies on this machine: zips and folders in private copies, and files that stand beside it."""
