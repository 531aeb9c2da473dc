"""Tests of the deployed stack."""
