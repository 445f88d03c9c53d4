"""Pages of credit: may I sell, limit requests."""
