"""Events that nobody thought of, for as long as one likes."""
