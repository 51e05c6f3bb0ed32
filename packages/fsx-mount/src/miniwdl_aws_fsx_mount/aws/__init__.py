"""What is asked of FSx and S3, and what their answers mean: file systems, associations, data repository tasks."""
