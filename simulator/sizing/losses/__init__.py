"""Losses of servers at the worst time: the instants, what each costs, and the search."""
