"""All levels of several adapters in one run."""
