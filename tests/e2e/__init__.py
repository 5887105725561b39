"""The whole system with a small province, as its users meet it."""
