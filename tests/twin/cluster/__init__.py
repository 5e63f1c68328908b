"""A live cluster that runs a load of known size."""
