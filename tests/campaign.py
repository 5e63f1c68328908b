"""``python -m tests.campaign``: a long search from a fresh seed, in both delivery profiles.

The one idea: the seeds that are tried while developing find nothing any more. A campaign tries
others each time, and prints which, so that anybody can try the same again.

    --runs N       runs of each profile    [default: 1,000,000]
    --seed S       the first seed          [default: drawn]
    --out DIR      folder for recordings that break a rule
    --processes K  number of processes     [default: number of cores]
    --dask ADDRESS a Dask cluster that computes, in place of this machine

The exit status is that of ``gnomon fuzz``: 0 if both profiles are clean.
"""

import argparse
import secrets
import subprocess
import sys
from pathlib import Path
from typing import get_args

from gnomon.reference.store.messages import Profile

RUNS = 1_000_000
"""Runs of each profile."""
BLOCKS = 1_000_000
"""The number of blocks of `RUNS` seeds of which a fresh campaign draws one."""


def commands(runs: int, seed: int, options: list[str]) -> list[list[str]]:
    """The searches of a campaign, one for each profile: arguments of ``gnomon``."""
    return [
        ["fuzz", "--profile", profile, "--seed", str(seed), "--runs", str(runs), *options]
        for profile in get_args(Profile)
    ]


def fresh_seed() -> int:
    """The first seed of a block, which no earlier campaign is likely to have drawn."""
    return secrets.randbelow(BLOCKS) * RUNS


def main(arguments: list[str]) -> int:
    """Search both profiles; return the highest exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", allow_abbrev=False)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--out", type=Path, default=Path())
    parser.add_argument("--processes", type=int)
    parser.add_argument("--dask")
    given = parser.parse_args(arguments)
    seed = fresh_seed() if given.seed is None else given.seed
    options = ["--out", str(given.out)]
    if given.processes is not None:
        options += ["--processes", str(given.processes)]
    if given.dask is not None:
        options += ["--dask", given.dask]
    status = 0
    for command in commands(given.runs, seed, options):
        print("gnomon", *command, flush=True)
        ended = subprocess.run([sys.executable, "-m", "gnomon", *command], check=False)
        status = max(status, ended.returncode)
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
