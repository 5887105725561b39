"""Pure rules of the attendance service."""
