"""The recordings that ``gnomon fuzz --near`` names: files, folders of them, and those that ship."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec.structs import replace

from gnomon.simulator.cli.replay import load
from gnomon.specs.cli.console import BadInput
from gnomon.specs.recording.model import Recording

SUFFIXES = (".toml", ".json")
"""How the files of a folder end that are read as recordings."""


def load_originals(near: Sequence[str], out: Path) -> tuple[Recording, ...]:
    """The recordings under these names, each titled by its name. Raises BadInput.

    The order is that of the names, and in a folder that of its files: it is part of what a seed
    means. So `out`, to which recordings are written, is none of the folders.
    """
    for name in near:
        if Path(name).is_dir() and Path(name).resolve() == out.resolve():
            problem = (
                f"--near reads the recordings of {name}, and what is written there would change "
                "what each seed means; give another folder"
            )
            raise BadInput("--out", [problem])
    return tuple(
        replace(load(file), title=Path(file).stem) for name in near for file in _files_of(name)
    )


def _files_of(name: str) -> Iterator[str]:
    """The name itself, or the recordings in the folder of that name. Raises BadInput."""
    folder = Path(name)
    if not folder.is_dir():
        yield name
        return
    try:
        files = sorted(file for file in folder.iterdir() if file.suffix in SUFFIXES)
    except OSError as error:
        raise BadInput(name, [f"the folder cannot be read: {error.strerror}"]) from None
    if not files:
        problem = f"this folder has no recording, which is a file named *{' or *'.join(SUFFIXES)}"
        raise BadInput(name, [problem])
    yield from map(str, files)
