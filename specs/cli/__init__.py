"""The commands check, show, rules, next and import."""
