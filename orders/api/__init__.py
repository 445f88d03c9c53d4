"""The API of orders: entry, check, delivery, holds and their decision."""
