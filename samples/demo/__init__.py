"""The demo: starts the whole system, plays a sample month through its HTTP APIs, prints the province's figures."""
