"""The store on Redis: how it is reached, and the script that carries out its operations."""
