"""The demo: a scripted agent is traced into a fresh momus, analysed, and its faults are listed."""

import shutil
import time
from pathlib import Path

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from rich.text import Text

from momus.analysis import run_analysis
from momus.demo.agent import play
from momus.look import list_issues
from momus.options import command_line
from momus.pages.issues import show_issues
from momus.screen import console, progress_bar
from momus.server import Server
from schemas import settings as settings_module
from schemas.errors import SettingsError
from schemas.folder import holder

_MARK = ".momus-demo"


def run_demo(folder: Path) -> None:
    """Play the agent's conversations through the real OTLP exporter into `folder`, analyse, and print the issues.

    Raises:
        SettingsError: the folder holds something else, which the demo will not remove.
    """
    began = time.monotonic()
    folder = folder.resolve()
    _make_anew(folder)
    settings = settings_module.load(
        database=f"chdb://{folder}/database",
        spool=folder / "spool",
        grpc_address="127.0.0.1:0",
        http_address="127.0.0.1:0",
        clickhouse_address="127.0.0.1:0",
        analyze_interval_s=0,
        # its exporter brings no key and knows no certificate, whatever is set for the server
        keys="",
        keys_file=None,
        tls_certificate=None,
        tls_key=None,
        tls_client_ca=None,
    )
    server = Server(settings, analyses=True)
    try:
        server.start()
        endpoint = f"http://127.0.0.1:{server.collector.http_port}"
        console.print(f"momus receives OTLP at [bold]{endpoint}[/]. A scripted support agent talks to its customers …")
        count = play(OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces"))
        server.collector.flush()
        spans = server.status()["items_accepted"]
        console.print(f"{count} conversations, {spans} spans stored. Analysing, without a model …\n")
        with progress_bar(enabled=True) as progress:
            run_analysis(server.database, settings, now_ns=time.time_ns(), progress=progress)
        show_issues(
            list_issues(server.database, family="", service="", all=False, limit=25),
            show=command_line("show", settings.database),
        )
    finally:
        server.stop()
    console.print(f"\nDone in {time.monotonic() - began:.0f} s. Look closer:", highlight=False)
    _point_onwards(settings.database)


def _make_anew(folder: Path) -> None:
    """Empty the demo's own folder; one that somebody else filled, or that a process has open, is left alone."""
    try:
        if folder.exists() and any(folder.iterdir()) and not (folder / _MARK).exists():
            raise SettingsError(f"{folder} holds something else; name an empty folder with --folder.")
        if who := holder(folder / "database"):
            raise SettingsError(
                f"Process {who.pid} has {folder} open ({who.command}); stop it, or name another --folder."
            )
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / _MARK).touch()
    except OSError as error:
        raise SettingsError(f"{folder} cannot be used: {error.strerror}. Name an empty folder with --folder.") from None


def _point_onwards(dsn: str) -> None:
    for what, command in (
        ("the first issue with its quotes and trace ids", "show 1"),
        ("also what was rightly refused", "issues --all"),
        ("the tables behind it", "sql 'SELECT family, count() FROM failures GROUP BY family'"),
        ("what is stored and what was not recognised", "doctor"),
    ):
        console.print(f"  [dim]{what}[/]", soft_wrap=True)
        console.print(Text(f"    {command_line(command, dsn)}", "bold"), soft_wrap=True)
    console.print("  [dim]your own agent, with OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318[/]", soft_wrap=True)
    console.print(Text(f"    {command_line('serve')}", "bold"))
