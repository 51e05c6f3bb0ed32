"""What the parts have to agree on about jobs of AWS Batch."""
