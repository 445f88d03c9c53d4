"""The agreement with a factor, and the clients it takes (domain.md 4.7)."""
