"""How what was decided turned out: released orders paid in time, late or lost (design 3.12)."""
