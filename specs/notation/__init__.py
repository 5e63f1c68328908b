"""The notation of the examples: one line for each event, read and written."""
