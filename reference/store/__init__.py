"""The meaning of each store operation, in plain Python: the lease, the jobs and the messages."""
