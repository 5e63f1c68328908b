"""``python -m tests.campaign``: a long search from a fresh seed, in both delivery profiles.

The one idea: the seeds that are tried while developing find nothing any more. A campaign tries
others each time, and prints which, so that anybody can try the same again. A share of its runs is
near the recordings that earlier searches have found.

    --runs N       runs of each profile, and a fifth as many near what was found
                                           [default: 1,000,000]
    --seed S       the first seed          [default: drawn]
    --out DIR      folder for recordings that break a rule; not that of earlier ones
    --processes K  number of processes     [default: number of cores]
    --dask ADDRESS a Dask cluster that computes, in place of this machine

The exit status is that of ``gnomon fuzz``: 0 if all searches are clean.
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
SHARE = 5
"""Each profile has as many times the runs of the search near what was found."""
FOUND = Path(__file__).parent / "simulator" / "fuzz" / "found"
"""The recordings that earlier searches have found and shrunk."""
BLOCKS = 1_000_000
"""The number of blocks of `RUNS` seeds of which a fresh campaign draws one."""


def commands(runs: int, seed: int, options: list[str]) -> list[list[str]]:
    """The searches of a campaign, one for each profile and one near `FOUND`, as arguments."""
    drawn = [
        ["fuzz", "--profile", profile, "--seed", str(seed), "--runs", str(runs), *options]
        for profile in get_args(Profile)
    ]
    some = str(max(runs // SHARE, 1))
    return [*drawn, ["fuzz", "--near", str(FOUND), "--seed", str(seed), "--runs", some, *options]]


def fresh_seed() -> int:
    """The first seed of a block, which no earlier campaign is likely to have drawn."""
    return secrets.randbelow(BLOCKS) * RUNS


def main(arguments: list[str]) -> int:
    """Search both profiles, and near what was found; return the highest exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", allow_abbrev=False)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--out", type=Path, default=Path())
    parser.add_argument("--processes", type=int)
    parser.add_argument("--dask")
    given = parser.parse_args(arguments)
    if given.out.resolve() == FOUND.resolve():
        parser.error(f"--out: the search near the recordings of {given.out} refuses it")
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
