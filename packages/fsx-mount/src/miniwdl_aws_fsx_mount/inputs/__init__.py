"""S3 inputs as paths of the file system, loaded before the task that needs them starts."""
