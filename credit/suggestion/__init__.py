"""The base limit that what is known of a client suggests (domain.md 4.3)."""
