"""The command line: its commands by group, and how it ends when something goes wrong."""

from importlib.metadata import version
from typing import Annotated, Any

import typer
from rich.text import Text
from typer.core import TyperGroup

from momus.commands import dig, look, run
from momus.screen import console, error_console, safe
from momus.triage_commands import triage_app
from schemas.errors import MomusError

GROUPS = {
    "Run": (run.serve, run.collect, run.analyze, run.demo),
    "Look": (
        look.issues, look.show, look.facets, look.demand, look.clusters, look.history, look.sql, look.doctor,
    ),
    "Dig": (dig.prompts, dig.inspect, dig.reflatten, dig.evaluate, dig.delete, dig.settings),
}  # fmt: skip


class _Group(TyperGroup):
    """Shows every error that momus raises on purpose as one sentence."""

    def invoke(self, ctx: Any) -> Any:  # click's own types
        try:
            return super().invoke(ctx)
        except MomusError as error:
            error_console.print("[bold red]momus:[/]", Text(safe(str(error))), highlight=False)
            raise typer.Exit(1) from None
        except KeyboardInterrupt:
            raise typer.Exit(130) from None


app = typer.Typer(
    cls=_Group,
    no_args_is_help=True,
    rich_markup_mode="rich",
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    help="[bold]Finds the faults of LLM agents that run in production.[/]\n\n"
    "Point an agent's OTLP exporter at [bold]momus serve[/], then read [bold]momus issues[/]: what people asked for that "
    "the agent has no tool for, no data for, or broke on, ranked by whom it hurts, each with quotes and trace ids.",
    epilog="Try it now: [bold]momus demo[/]  ·  All settings: [bold]momus settings[/]",
)
for panel, commands in GROUPS.items():
    for command in commands:
        app.command(rich_help_panel=panel)(command)
app.add_typer(triage_app, name="triage", rich_help_panel="Look")


def _show_version(is_asked: bool) -> None:
    if is_asked:
        console.print(f"momus {version('momus')}", highlight=False)
        raise typer.Exit


@app.callback()
def momus(
    version_asked: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command that the process was started with."""
    app()
