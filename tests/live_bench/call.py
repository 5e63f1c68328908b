"""Calls a function in a process of its own: ``python -m tests.live_bench.call MODULE NAME …``."""

import importlib
import sys

if __name__ == "__main__":
    module, name, *arguments = sys.argv[1:]
    getattr(importlib.import_module(module), name)(*arguments)
