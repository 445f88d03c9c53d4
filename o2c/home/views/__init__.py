"""The pages around all others: what waits, search, journal, notices, background work, company and language."""
