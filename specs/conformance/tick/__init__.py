"""Level tick: a scheduler under a moved clock, through restarts, changes and stalls."""
