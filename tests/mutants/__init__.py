"""Mutants: the product broken on purpose, one promise each, to see that the suite notices."""
