"""What operators watch: which services run, how far behind they are, what waits or is parked."""
