"""The acts of collections."""
