"""The documents of all interfaces, as the code has them: kept in docs/api, so that a change is seen and reviewed."""
