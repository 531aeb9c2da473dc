"""Changes the template and the handler in one place at a time: a test must notice each change."""
