"""What a running server reports about itself and its store: log, metrics, incidents, warnings."""
