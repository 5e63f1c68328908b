"""The commands of the live scheduler: serve, record, jobs and auth."""
