"""Makes names of jobs from commands: the name of the program, never one of its arguments.

The one idea: an argument may be a password, and names appear in logs, histories and metrics. The
program is the first command that does more than prepare something. It is looked for behind
wrappers such as ``nice``, and the script stands for its interpreter, but only where each option in
between is known: an unknown option may have a value. A command that is not understood has no name.
"""

import re
from typing import NamedTuple

LONGEST_NAME = 60
"""The most characters of a name made here. JOB-1 allows more, but a table has no room for them."""

MOST_EXAMINED = 10_000
"""The most characters of a command in which its program is looked for."""

_UNREADABLE = "$_"
_SUBSTITUTION = re.compile(r"\$\(\([^()]*\)\)|[$<>]\([^()]*\)|`[^`]*`|\$\{[^{}]*\}")
_QUOTED = re.compile(r"""'([^']*)'|"([^"]*)\"""")
_REDIRECTION = re.compile(r"(?:(?<!\S)[0-9&])?[<>]+&?\s*[^\s;&|]*")
_SEPARATORS = re.compile(r"[;&|(){}\n]+")
_ONE_WORD = re.compile(r"[\w.+:@%/~$-]+")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=\S*")
_LEAD_IN = re.compile(rf"!|if|then|else|elif|do|while|until|time|exec|{_ASSIGNMENT.pattern}")
_PREPARATION = re.compile(
    r"\[\[?|test|command|cd|set|export|source|\.|:|for|read|trap|true|umask|ulimit|done|fi"
)
"""A command that only tests, waits or prepares something for the main command."""
_READABLE = re.compile(r"(?=.*[^\W\d])[\w.+][\w.+-]*")


class _Wrapper(NamedTuple):
    """A command that runs another one: its flags, its options with a value, its own arguments."""

    flags: str = "(?!)"
    valued: str = "(?!)"
    arguments: int = 0


_WRAPPERS = {
    "nice": _Wrapper(r"-n?-?\d+|--adjustment=-?\d+", "-n|--adjustment"),
    "ionice": _Wrapper(r"-[cn]\d|-t|--(?:class|classdata)=\w+", "-c|-n|--class|--classdata"),
    "timeout": _Wrapper("-v|--foreground|--preserve-status|--verbose", "-k|-s", 1),
    "flock": _Wrapper("-[nxsuoFe]+|--(?:nonblock|nb|exclusive|shared|verbose)", "-w|-E", 1),
    "setlock": _Wrapper("-[nNxX]+", arguments=1),
    "lckdo": _Wrapper("-[weEsx]+", arguments=1),
    "env": _Wrapper("-i|-", "-u"),
    "sudo": _Wrapper("-[nEHbkiS]+", "-u|-g"),
    "doas": _Wrapper("-n", "-u"),
    "taskset": _Wrapper("-c", arguments=1),
    "stdbuf": _Wrapper(r"-[ioe]\w+"),
    "systemd-cat": _Wrapper(valued="-t|-p"),
    **dict.fromkeys(("nohup", "setsid", "chronic", "cronic", "unbuffer", "time"), _Wrapper()),
    **dict.fromkeys(("run-one", "run-this-one", "exec"), _Wrapper()),
}
_SHELL = _Wrapper("-[eulx]+")
_INTERPRETERS = {
    **dict.fromkeys(("sh", "bash", "dash", "ksh", "zsh", "ash"), _SHELL),
    "python": _Wrapper("-[uBOIsSE]+|-m"),
    "perl": _Wrapper("-[wtT]+"),
    "php": _Wrapper("-[qf]"),
    "ruby": _Wrapper("-w"),
    **dict.fromkeys(("node", "Rscript", "lua"), _Wrapper()),
    "run-parts": _Wrapper("--report|--verbose|-v"),
}


def program_of(command: str) -> str:
    """The name of the program that `command` runs. Empty if it is not certain.

    >>> program_of("cd /srv && PGPASSWORD=U2Ny nice -n 19 /usr/bin/pg_dump --password=x shop")
    'pg_dump'
    """
    examined = command[:MOST_EXAMINED]
    typed = re.split(r"(?<!\\)%", examined, maxsplit=1)[0]  # the text after a % is its input
    plain = _without_quotes(typed.replace("\\%", "%"))
    if plain is None:
        return ""
    parts = [_without_lead_in(part.split()) for part in _SEPARATORS.split(plain)]
    commands = [words for words in parts if words]
    main = [words for words in commands if not _only_prepares(words)] or commands
    return _program(main[0])[:LONGEST_NAME] if main else ""


def unique(name: str, taken: dict[str, int]) -> str:
    """`name`, with a number if it is taken; `taken` counts the names made from each name."""
    result = name
    while result in taken:
        taken[name] += 1
        suffix = f" {taken[name]}"
        result = name[: LONGEST_NAME - len(suffix)] + suffix
    taken[result] = 1
    return result


def _without_quotes(text: str) -> str | None:
    """`text` in which quoted texts and substitutions are one word; None if one does not end."""
    text = re.sub(r"\\.", _UNREADABLE, text, flags=re.DOTALL)
    before = ""
    while before != text:
        before, text = text, _SUBSTITUTION.sub(_UNREADABLE, text)
    text = _QUOTED.sub(_as_one_word, text)
    if re.search(r"""['"`\\]|\$\(""", text) or text.count("(") != text.count(")"):
        return None
    return _REDIRECTION.sub(" ", text)


def _as_one_word(quoted: re.Match[str]) -> str:
    content = quoted[1] or quoted[2] or ""
    if _ONE_WORD.fullmatch(content):
        return content
    return "$sleep" if re.search(r"\bsleep\b", content) else _UNREADABLE


def _without_lead_in(words: list[str]) -> list[str]:
    while words and _LEAD_IN.fullmatch(words[0]):
        words = words[1:]
    return words


def _only_prepares(words: list[str]) -> bool:
    return _PREPARATION.fullmatch(words[0]) is not None or any(
        word in ("sleep", "$sleep") for word in words
    )


def _program(words: list[str]) -> str:
    """The name of the program of one simple command, behind its wrappers."""
    name = ""
    while words:
        word, *words = words
        base = word.rstrip("/").rpartition("/")[2]
        if not _READABLE.fullmatch(base) or "://" in word:
            return name
        name = base
        interpreter = _INTERPRETERS.get(re.sub(r"(?<=[a-z])[\d.]+$", "", base))
        if interpreter:
            script = _after_options(words, interpreter)
            return _script(script[0]) or name if script else name
        wrapper = _WRAPPERS.get(base)
        words = _after_options(words, wrapper) if wrapper else []
    return name


def _after_options(words: list[str], wrapper: _Wrapper) -> list[str]:
    """The words of the command that `wrapper` runs; empty if an option is not known."""
    while words and (words[0].startswith("-") or _ASSIGNMENT.fullmatch(words[0])):
        if re.fullmatch(wrapper.valued, words[0]):
            words = words[2:]
        elif re.fullmatch(wrapper.flags, words[0]) or not words[0].startswith("-"):
            words = words[1:]
        else:
            return []
    return words[wrapper.arguments :]


def _script(word: str) -> str:
    base = word.rstrip("/").rpartition("/")[2]
    return base if _READABLE.fullmatch(base) and "://" not in word else ""
