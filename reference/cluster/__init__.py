"""The state machines of a server: its leader and its workers."""
