"""What every service stands on: contracts, the log, messaging, database, web, observability."""
