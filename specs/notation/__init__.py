"""The notation of examples: a line an event, read and written."""
