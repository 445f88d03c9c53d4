"""Readings of collections."""
