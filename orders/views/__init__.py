"""Pages of orders: list, entry, one order and its acts, the queue of held orders."""
