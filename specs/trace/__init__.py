"""A history put in order, so that rules, figures and stories ask questions instead of events."""
