"""The API of invoicing: documents, payments, matching, the open items."""
