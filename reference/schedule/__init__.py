"""When a job is due: instants, cron fields, triggers and the queue of what is due next."""
