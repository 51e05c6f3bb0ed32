"""What tells whether two contents are one: S3's checksums and ETags, and the same of files here."""
