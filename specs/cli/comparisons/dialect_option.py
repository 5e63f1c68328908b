"""The option ``--dialect``; the dialects themselves are imported when one is asked for."""

from typing import Annotated

import typer


def complete_dialect(incomplete: str) -> list[str]:
    """The dialects that the shell offers for `incomplete`."""
    from gnomon.specs.conformance.report.peers import peers  # noqa: PLC0415

    return [name for name in peers() if name.startswith(incomplete)]


DialectNames = Annotated[
    list[str] | None,
    typer.Option(
        "--dialect",
        metavar="NAME",
        help="Scheduler to compare with ours; if repeated, with the first one given.",
        autocompletion=complete_dialect,
    ),
]
