"""The local projection of units, tree, offices, assignments and members' cells that every service keeps."""
