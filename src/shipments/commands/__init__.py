"""The commands of shipments: what each takes, and how it tells what came of it."""
