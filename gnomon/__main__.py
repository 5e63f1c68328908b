"""``python -m gnomon``: the command."""

from gnomon.start import main

main()
