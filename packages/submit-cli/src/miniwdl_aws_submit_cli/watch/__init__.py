"""Staying with a run: its log, its panel, its end."""
