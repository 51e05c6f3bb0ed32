"""The site as a reader sees it, once `nox -s docs` has built it."""
