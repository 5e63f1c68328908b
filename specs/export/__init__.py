"""Histories for other tools: tables of events as Parquet."""
