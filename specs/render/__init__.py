"""Rules, figures and definitions as text and tables, for people."""
