"""Released orders and what became of them: the memory of decisions, by decider (design 3.12, features.md lead 9)."""
