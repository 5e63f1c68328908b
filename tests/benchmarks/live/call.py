"""Calls a function in another process: ``python -m tests.benchmarks.live.call MODULE NAME …``."""

import importlib
import sys

if __name__ == "__main__":
    module, name, *arguments = sys.argv[1:]
    getattr(importlib.import_module(module), name)(*arguments)
