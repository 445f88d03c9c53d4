"""Rows for tests, one module per application."""
