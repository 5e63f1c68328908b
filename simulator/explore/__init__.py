"""Small worlds, explored to the end."""
