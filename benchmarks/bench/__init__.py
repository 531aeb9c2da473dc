"""Measures the handler beside others of the same duties: `make bench`."""
