"""A synthetic province to run the system with, and what happens in it during one month."""
