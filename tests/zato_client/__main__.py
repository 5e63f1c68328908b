"""``python -m tests.zato_client FOLDER``: builds an environment there, and runs the tests with it.

The library pins nothing and is old: one of its dependencies is built by an old setuptools only, and
its own packages name dependencies that are gone. They are installed without them.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

from tests.zato_client.test_real_client import PYTHON

OLD_BUILD = ("setuptools<58", "wheel")
BUILT = ("dictalchemy",)
LIBRARY = ("zato-client==3.2.1", "zato-common==3.2.1", "zato-ext-bunch", "zato-vault-client")
USED = ("sqlalchemy<2", "hvac", "lxml", "ujson", "future", "six", "requests")


def build(folder: Path) -> Path:
    """An environment with the library; the path of its Python."""
    venv.create(folder, with_pip=True, clear=True)
    python = folder / "bin" / "python"
    for words in (OLD_BUILD, USED, ("--no-build-isolation", "--no-deps", *BUILT, *LIBRARY)):
        print("installing", *words, file=sys.stderr)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *words], check=True)
    return python


def main(folder: str) -> int:
    python = build(Path(folder))
    words = [sys.executable, "-m", "pytest", "--pyargs", "-q", "tests/zato_client"]
    return subprocess.run(words, env=os.environ | {PYTHON: str(python)}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
