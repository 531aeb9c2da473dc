"""Nasty events, each with what is to come of it."""
