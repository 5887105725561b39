"""Servers and processes that are killed, frozen and starved while a month is entered."""
