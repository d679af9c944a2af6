"""Two models and what changed between them, stated and never judged."""
