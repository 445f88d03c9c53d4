"""The life of an invoice on the approved platforms: its statuses, what they change, what is sent back."""
