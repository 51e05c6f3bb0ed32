"""S3 whose objects are files that the user can open."""
