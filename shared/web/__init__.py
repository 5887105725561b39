"""HTTP for every service: the application, who may do what, problem details, health, metrics, operations."""
