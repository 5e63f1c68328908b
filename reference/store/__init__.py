"""What each operation of the store means: its jobs, its messages and its lease."""
