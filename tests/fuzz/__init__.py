"""Odd inputs by the thousand: only declared errors come out, and nothing is left half-done. `make fuzz`."""
