"""Documents to clients by mail (features F8): to whom, what became of each, and what somebody must do about it."""
