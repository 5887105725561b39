"""Logs, metrics and traces: JSON lines with correlation ids, and W3C trace context from HTTP to log to Kafka."""
