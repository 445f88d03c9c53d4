"""Pages of imports: files brought in, and how they are read."""
