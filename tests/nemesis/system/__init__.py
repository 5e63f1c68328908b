"""The system under test, as processes: servers, stores, and the links between them."""
