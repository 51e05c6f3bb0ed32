"""Runs as AWS Batch knows them: workflow jobs, their calls, their queues."""
