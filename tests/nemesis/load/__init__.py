"""The load on the cluster, and the service that logs its own runs."""
