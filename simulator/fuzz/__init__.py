"""The search: recordings drawn from seeds, judged, shrunk and explained."""
