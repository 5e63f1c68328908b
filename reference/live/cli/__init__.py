"""The commands of the live cluster: serve, record, jobs and auth."""
