"""Commands that compare: a definition or a crontab in several schedulers, and two reports."""
