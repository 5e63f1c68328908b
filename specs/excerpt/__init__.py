"""Excerpts: histories that begin in the middle of a longer one."""
