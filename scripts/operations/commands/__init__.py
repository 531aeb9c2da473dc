"""The commands of scripts/shipments: what each takes, and how it tells what came of it."""
