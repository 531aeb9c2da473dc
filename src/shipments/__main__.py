"""Runs the command as ``python -m shipments``."""

from shipments.cli import main

main(prog_name="shipments")
