"""
What the parts of miniwdl-aws-fsxl have to agree on, written once.

Nothing here knows a part, and this module itself exports nothing: each part imports the rooms that it needs.
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
