"""Invoices that come back every month, quarter or year: a schedule of a client and what it made (features F1)."""
