"""What each process owner is told at the end of a month."""
