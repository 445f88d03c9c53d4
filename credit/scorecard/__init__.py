"""How a client is rated, from what is known of it: sub-scores, score and class (domain.md 4.8)."""
