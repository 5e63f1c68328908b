"""A cluster in virtual time: kernel, links, store and faults."""
