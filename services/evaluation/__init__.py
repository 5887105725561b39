"""Criteria sets as data, the self-score of a meeting, its vote, the official rating."""
