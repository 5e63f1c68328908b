"""The adapters: those that ship, those of users, and the environment that each one needs.

The one idea: an adapter is one file that declares its dependencies in itself (PEP 723), and runs in
an environment of its own, because two schedulers may need different versions of the same library.
Environments lie in a cache, named by the digest of what they hold. What cannot be installed is *not
installed*, and never a failure of the scheduler.

The table ``[tool.gnomon]`` of the header names the levels that the adapter has, so that they are
known before anything is installed. A scheduler of another language is not installed but found: the
table names the command that runs the file, a command that succeeds if all it needs is there, and
the packages of Debian that hold it.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from threading import get_ident
from typing import Any, NamedTuple

import msgspec

CACHE_VARIABLE = "GNOMON_CONFORM_CACHE"
"""The environment variable that names another folder for environments."""
SUFFIXES = tuple(f"_adapter.{end}" for end in ("py", "mjs", "go", "java", "pl", "rb"))
HELPERS = ("adapter_kit.mjs", "in_process.mjs", "moved_clocks.mjs")
"""Files that adapters in JavaScript import from their own folder."""
INSTALL_LIMIT = 600
"""Seconds that the installation of one environment may take."""

_HEADER = re.compile(
    r"(?m)^(?:#|//) /// script$\s(?P<content>(?:^(?:#|//)(?:| .*)$\s)+)^(?:#|//) ///$"
)
"""The block of PEP 723; in JavaScript the comments begin with // and a package is name@version."""

_PROFILE = re.compile(
    r"^ *(?:PROFILE|const profile|var profile|static final String PROFILE)\b[^={]*="
    r"(?:\s*(?:map\[string\]string|\"{3}))?(?P<written>[^;}]*\}?.*)",
    re.MULTILINE,
)
_PAIRS = re.compile(r"""\s*\{((?:\s*["']?\w+["']?: *(?:"[^"\\]*"|'[^'\\]*'),?)*)\s*\};?\s*""")
_PAIR = re.compile(r"""["']?(\w+)["']?: *["']([^"']*)["']""")
_COMMENT = re.compile(r"(?m)(?:^|\s)(?:#|//).*$")


_LANGUAGES = {
    ".py": "Python",
    ".mjs": "JavaScript",
    ".js": "JavaScript",
    ".cjs": "JavaScript",
    ".go": "Go",
    ".java": "Java",
    ".pl": "Perl",
    ".rb": "Ruby",
}
"""The languages whose comments begin with # or //, by the ends of their files."""


class NotInstalled(Exception):
    """What an adapter needs is not on this machine; the message names it and the way out."""


class NoAdapter(ValueError):
    """There is no adapter or file of that name."""


class Adapter(NamedTuple):
    """An adapter: its name on the command line, its file, and what its file declares.

    `command` runs the file; without one its language does. `check` succeeds if the packages
    `debian`, or others of that content, are on the machine; without one nothing is needed.
    `levels` are those that the header names; what an adapter has is what it answers to hello.
    """

    name: str
    file: Path
    dependencies: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    check: tuple[str, ...] = ()
    debian: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()

    @property
    def is_javascript(self) -> bool:
        """Whether Node.js runs it."""
        return self.file.suffix in (".mjs", ".js", ".cjs")

    @property
    def language(self) -> str:
        """The language that the adapter is written in."""
        return _LANGUAGES.get(self.file.suffix, "")

    @property
    def needs(self) -> str:
        """The packages that the adapter needs."""
        debian = (f"{package} (Debian)" for package in self.debian)
        return ", ".join((*self.dependencies, *debian)) or "nothing"


def shipped() -> dict[str, Adapter]:
    """The adapters that ship, by name."""
    root = Path(str(files("gnomon.specs.conformance"))) / "adapters"
    found = {}
    for file in sorted(root.glob("*/*")):
        for suffix in SUFFIXES:
            if file.name.endswith(suffix):
                name = file.name.removesuffix(suffix).replace("_", "-")
                found[name] = _adapter(name, file)
    return dict(sorted(found.items()))


def kits() -> dict[str, Path]:
    """The kits for adapters, by language."""
    root = Path(str(files("gnomon.specs.conformance"))) / "adapters"
    return {file.parent.name: file for file in sorted(root.glob("*/adapter_kit.*"))}


def find(name: str) -> Adapter:
    """The adapter that ships under a name, or the one in a file. Raises NoAdapter."""
    if name in (known := shipped()):
        return known[name]
    file = Path(name)
    if not file.is_file():
        raise NoAdapter(f"no adapter and no file; the adapters are {', '.join(known)}")
    return _adapter(name, file.absolute())


def _adapter(name: str, file: Path) -> Adapter:
    """The adapter in a file. Raises NoAdapter for a header that is no TOML."""
    header = header_of(file)
    table = header.get("tool", {}).get("gnomon", {})
    keys = ("command", "check", "debian", "levels")
    given = {key: tuple(table[key]) for key in keys if key in table}
    return Adapter(name, file, tuple(header.get("dependencies", ())), **given)


def header_of(file: Path) -> dict[str, Any]:  # Any: TOML
    """What a file declares in its header. Raises NoAdapter for a header that is no TOML."""
    block = _HEADER.search(file.read_text("utf-8")) if file.suffix in _LANGUAGES else None
    if block is None:
        return {}
    lines = (re.sub(r"^(#|//) ?", "", line) for line in block["content"].splitlines())
    try:
        return tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError as error:
        raise NoAdapter(f"{file}: the header is no TOML: {error}") from None


def declared_profile(adapter: Adapter) -> dict[str, str] | None:
    """The profile that the file of an adapter declares, without running it; None if it has none.

    It is the constant ``PROFILE`` in Python, Ruby and Java, and ``profile`` in JavaScript and Go:
    names and texts alone. Raises NoAdapter if it is anything else.
    """
    declared = _PROFILE.search(_COMMENT.sub("", adapter.file.read_text("utf-8")))
    if declared is None:
        return None
    pairs = _PAIRS.fullmatch(declared["written"])
    if pairs is None:
        raise NoAdapter(
            f'{adapter.file}: a profile is written as names and texts, as in {{"gap": "skipped"}}; '
            f"given was {' '.join(declared['written'].split())!r:.80}"
        )
    return dict(_PAIR.findall(pairs[1]))


def command_for(adapter: Adapter) -> list[str]:
    """The command that runs an adapter; its environment is made first. Raises NotInstalled."""
    if adapter.check:
        _find(adapter)
    if adapter.command:
        return [*adapter.command, str(adapter.file)]
    if adapter.is_javascript:
        return _javascript(adapter)
    if adapter.file.suffix != ".py":
        return [str(adapter.file)]
    if not adapter.dependencies:
        return [sys.executable, str(adapter.file)]
    # -E: a PYTHONPATH of this process must not reach the environment of the adapter.
    return [str(_python(adapter.dependencies)), "-E", "-X", "utf8", str(adapter.file)]


def cache() -> Path:
    """The folder of the environments."""
    given = os.environ.get(CACHE_VARIABLE) or os.environ.get("XDG_CACHE_HOME")
    base = Path(given) if given else Path.home() / ".cache"
    return base / "gnomon" / "conform"


def _find(adapter: Adapter) -> None:
    """Raises NotInstalled unless all that the adapter needs is on the machine."""
    try:
        _install(adapter.check)
    except NotInstalled as error:
        raise NotInstalled(f"{error}; Debian has it in {' '.join(adapter.debian)}") from None


def _python(dependencies: Sequence[str]) -> Path:
    """The interpreter of an environment with `dependencies`, made by uv or else by venv and pip."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    folder = cache() / _digest("python", version, *dependencies)
    python = folder / "bin" / "python"
    with _to_complete(folder) as is_complete:
        if is_complete:
            return python
        if uv := shutil.which("uv"):
            _install([uv, "venv", "--quiet", "--python", sys.executable, str(folder)])
            _install([uv, "pip", "install", "--quiet", "--python", str(python), *dependencies])
        else:
            _install([sys.executable, "-m", "venv", str(folder)])
            _install([str(python), "-m", "pip", "install", "--quiet", *dependencies])
    return python


@contextmanager
def _to_complete(folder: Path) -> Iterator[bool]:
    """Give whether an environment is complete; else it is made here, and is complete at the end.

    One thread or process makes it. Others that need it wait until it is complete.
    """
    mark = folder / "complete"
    if mark.exists():
        yield True
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if mark.exists():
            yield True
            return
        shutil.rmtree(folder, ignore_errors=True)
        yield False
        mark.touch()


def _javascript(adapter: Adapter) -> list[str]:
    """The command for a copy of the adapter beside its packages: imports look there."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None:
        raise NotInstalled("node is not installed; it runs adapters in JavaScript")
    if not adapter.dependencies:
        return [node, str(adapter.file)]
    if npm is None:
        raise NotInstalled("npm is not installed; it installs the packages of the adapter")
    folder = cache() / _digest("javascript", *adapter.dependencies)
    with _to_complete(folder) as is_complete:
        if not is_complete:
            folder.mkdir()
            packages = dict(_package(text) for text in adapter.dependencies)
            manifest = {"private": True, "dependencies": packages}
            (folder / "package.json").write_bytes(msgspec.json.encode(manifest))
            _install([npm, "install", "--no-audit", "--no-fund", "--silent"], folder)
    helpers = (file for file in adapter.file.parent.glob("*.mjs") if file.name in HELPERS)
    for file in {adapter.file, *helpers}:
        part = folder / f"{file.name}.{os.getpid()}.{get_ident()}"
        shutil.copyfile(file, part)
        part.replace(folder / file.name)
    return [node, str(folder / adapter.file.name)]


def _package(text: str) -> tuple[str, str]:
    """The name and the version of ``name@version``; the name itself may begin with an @."""
    name, _, version = text.rpartition("@")
    return (name, version) if name else (text, "*")


def _digest(*words: str) -> str:
    return hashlib.sha256("\n".join(words).encode()).hexdigest()[:16]


def _install(command: Sequence[str], folder: Path | None = None) -> None:
    """Run a step of an installation. Raises NotInstalled with the end of what it printed."""
    environment: Mapping[str, str] = {
        name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "TZ")
    }
    try:
        done = subprocess.run(  # noqa: S603 - the command is that of the adapter, or ours
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="backslashreplace",
            timeout=INSTALL_LIMIT,
            check=False,
        )
    except OSError as error:
        raise NotInstalled(f"{command[0]}: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise NotInstalled(f"{' '.join(command)}: not done after {INSTALL_LIMIT} s") from None
    if done.returncode:
        printed = (done.stderr or done.stdout).strip().splitlines()[-3:]
        raise NotInstalled(f"{' '.join(command)}: {' / '.join(printed)}")
