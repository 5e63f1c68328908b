"""The commands that simulate: replay, recordings, fuzz and explore."""
