"""Results reach S3 by FSx's own export tasks."""
