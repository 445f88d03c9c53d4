"""Collections by HTTP."""
