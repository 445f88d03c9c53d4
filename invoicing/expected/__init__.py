"""When money is expected of what is open (domain.md 8.13): one date and one reason for each part of an item."""
