"""Who may use the API, for what, and who has changed what."""
