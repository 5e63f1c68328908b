"""Level cluster: real processes of a scheduler, killed, paused and replaced, in real time."""
