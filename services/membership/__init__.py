"""Units and their tree over time, offices, assignments, members: the only place that knows a person's name."""
