"""Pure rules of the meetings service."""
