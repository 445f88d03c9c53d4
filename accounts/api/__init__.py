"""The API of accounts, and what every view about a company or a client stands on."""
