"""Thousands of updates through a deployed stack whose AWS calls often fail."""
