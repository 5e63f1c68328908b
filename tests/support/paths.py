"""Where the repository and the package under test are."""

import os
from pathlib import Path

import gnomon

ROOT = Path(__file__).parents[2]
"""The repository's root."""
PACKAGE = Path(gnomon.__file__).parent
"""The package that the tests import: the clone's, or under tox that of the installed wheel."""
IMPORT_PATH = os.pathsep.join((str(PACKAGE.parent), str(ROOT)))
"""PYTHONPATH of a process that imports the same `gnomon`, and `tests`."""
