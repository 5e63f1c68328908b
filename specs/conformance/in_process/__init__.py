"""The conformance suite in a test suite of its user, without a process of its own."""
