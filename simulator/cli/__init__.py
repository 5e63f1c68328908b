"""The commands replay, fuzz and explore."""
