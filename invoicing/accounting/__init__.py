"""The accounting interface (domain.md 9.5): sales, bank and matching as entries in the layout of the FEC."""
