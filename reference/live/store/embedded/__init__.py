"""An embedded store: a server that this process starts, keeps running and ends."""
