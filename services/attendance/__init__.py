"""Roll calls: who was expected at a meeting, who came, why the others did not."""
