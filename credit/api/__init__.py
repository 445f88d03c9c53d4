"""The API of credit: exposure, check, limits and their requests, block and watch."""
