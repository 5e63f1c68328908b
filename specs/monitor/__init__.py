"""Judging a history that grows, or that memory cannot hold, window by window."""
