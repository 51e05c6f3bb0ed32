"""The options of ``miniwdl-aws-submit``: as data, parsed, and resolved to one set of settings."""
