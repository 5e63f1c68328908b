"""A history put in order for judging."""
