"""Writes a run out of the model: a document, a table, a page."""
