"""One server process: the verified state machine in real time, its worker threads and its logs."""
