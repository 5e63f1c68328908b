"""``python -m gnomon``: the command."""

from gnomon.command import main

main()
