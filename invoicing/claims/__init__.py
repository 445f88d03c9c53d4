"""Claim files with the credit insurer: threat, claim, recovery, indemnity (domain.md 4.6)."""
