"""The client is a program of another environment: its imports would fail here."""

collect_ignore = ["client.py"]
