"""What people note about a client: business, market, press, news, and what stays with credit management."""
