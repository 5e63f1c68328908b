"""Recordings: the format, its reader and writer, and those that ship."""
