"""Pure deciders of membership: the tree of units, an office, an assignment, a member."""
