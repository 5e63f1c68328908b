"""Nothing here is a test: pytest collects none of it."""

collect_ignore_glob = ["*.py"]
