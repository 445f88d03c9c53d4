"""Why an order does not fit and what would make it fit: causes, measures, and their simulation (domain.md 5.5)."""
