"""Where a task's job works on the shared file system: its folders, the script that runs there, and who may write."""
