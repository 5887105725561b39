"""From a log to a topic (relay) and from a topic to effects, exactly once (consumer)."""
