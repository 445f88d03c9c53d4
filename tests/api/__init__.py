"""The API as other systems see it."""
