"""What an operator does to a deployed stack; scripts/shipments.py is the command line of it."""
