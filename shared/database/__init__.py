"""Connections to a service's own PostgreSQL database, and its migrations."""
