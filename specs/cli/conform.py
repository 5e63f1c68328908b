"""``gnomon conform``: judges schedulers that others wrote, through adapters.

The one idea: the work is done by ``specs.conformance``; the commands read arguments and print.
"""

from typing import Annotated, Any

import typer
import typer.core

from gnomon.specs.cli import console
from gnomon.specs.cli.comparisons.conform_ask import ask
from gnomon.specs.cli.comparisons.conform_compare import compare_reports
from gnomon.specs.cli.comparisons.conform_watch import watch
from gnomon.specs.cli.conform_infer import infer_profile
from gnomon.specs.cli.conform_run import run_adapters
from gnomon.specs.cli.console import BadInput, examples
from gnomon.specs.cli.options import Json
from gnomon.specs.conformance import shipped
from gnomon.specs.render import tables

_COMMANDS = ("run", "list", "infer", "ask", "watch", "compare", "kit")


class _Group(typer.core.TyperGroup):
    """Takes a word that is no subcommand as an adapter: ``gnomon conform croniter``."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: Any = None,  # Any: typer does not publish the type of its contexts
        **extra: Any,  # Any: whatever a context may be given, and passed on as it is
    ) -> Any:
        if args and args[0] not in (*_COMMANDS, "--help", "-h"):
            args = ["run", *args]
        return super().make_context(info_name, args, parent, **extra)


def add_to(app: typer.Typer) -> None:
    """Add the commands to `app`."""
    group = typer.Typer(
        cls=_Group,
        no_args_is_help=True,
        help="Judge schedulers that others wrote: gnomon conform ADAPTER",
        epilog=examples("gnomon conform croniter", "gnomon conform list"),
    )
    group.command("run", epilog=examples("gnomon conform run croniter cronsim"))(run_adapters)
    group.command("list", epilog=examples("gnomon conform list"))(list_adapters)
    group.command("infer", epilog=examples("gnomon conform infer croniter"))(infer_profile)
    group.command("ask", epilog=examples("gnomon conform ask croniter '5-5 * * * *'"))(ask)
    group.command("watch", epilog=examples("gnomon conform watch croner clock/cron-back"))(watch)
    group.command("compare", epilog=examples("gnomon conform compare old/ new/results.jsonl"))(
        compare_reports
    )
    group.command("kit", epilog=examples("gnomon conform kit python > adapter_kit.py"))(print_kit)
    app.add_typer(group, name="conform")


def list_adapters(json: Json = False) -> None:
    """List the adapters that ship, their levels, and what they install."""
    known = shipped.shipped().values()
    if json:
        console.print_json(
            [
                {"adapter": one.name, "levels": one.levels, "installs": one.dependencies}
                for one in known
            ]
        )
        return
    listing = tables.table(
        "adapter", "language", "levels", "installs, in an environment of its own"
    )
    for adapter in known:
        levels = ", ".join(adapter.levels)
        listing.add_row(adapter.name, adapter.language, levels, adapter.needs)
    console.print_parts(listing, "", f"Environments: {shipped.cache()}")


def print_kit(
    language: Annotated[
        str, typer.Argument(metavar="LANGUAGE", help="Language of the adapter: python, javascript.")
    ],
) -> None:
    """Print the kit for adapters in a language.

    It is a file to keep beside an adapter of your own.
    """
    kits = shipped.kits()
    if language not in kits:
        raise BadInput("LANGUAGE", [f"there is a kit for {' and '.join(kits)}; not for {language}"])
    console.print_text(kits[language].read_text("utf-8"))
