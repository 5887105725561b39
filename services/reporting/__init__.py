"""Figures that prove themselves: facts, contributions, roll-ups, digests, recount."""
