"""The commands around the template: embed, lint, local, demo, and what an operator runs."""
