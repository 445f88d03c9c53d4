"""What the figures of clients ask somebody to look at before an order does (domain.md 4.5)."""
