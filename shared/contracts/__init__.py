"""The events of the system: one module per producing service, plus the envelope and the registry."""
