"""AWS Batch that really runs its jobs, as processes of this machine or in containers."""
