"""Zato's own client library against the API (API-13)."""
