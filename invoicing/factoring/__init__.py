"""Invoices sold to a factor: what may be sold, batches, what comes in for them (domain.md 4.7)."""
