"""The commands that need no simulation: check, show, rules, next and import."""
