"""Test vectors: border cases of the specification as data, for any implementation."""
