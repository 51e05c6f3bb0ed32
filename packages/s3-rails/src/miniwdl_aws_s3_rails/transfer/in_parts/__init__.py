"""Uploads in parts: through botocore where obstore can't, and that none stays open."""
