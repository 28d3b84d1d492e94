"""Play every task in every arm, receive, analyse without a model, and score against what was put in: `make ablation`.

Prints one table for the tasks on which rules may be mended and one for those that were only ever measured.
"""

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

from analyzer.evaluate.labels import Label
from analyzer.evaluate.report import Evaluation, evaluate
from analyzer.evaluate.stored import check_quotes, load_stored
from analyzer.run import analyze
from momus.pages.evaluation import show_evaluation
from momus.screen import console
from momus.server import Server
from schemas import settings as settings_module
from schemas.database import Database
from tests.ablation.agent import perform
from tests.ablation.tasks import HALVES, Play, plays


def measure(folder: Path, played: Sequence[Play]) -> dict[str, Evaluation]:
    """Send the conversations over OTLP into a momus in `folder`, analyse, and score each half."""
    server = Server(_settings(folder), analyses=False)
    try:
        server.start()
        exporter = OTLPSpanExporter(endpoint=f"http://127.0.0.1:{server.collector.http_port}/v1/traces")
        perform(played, exporter)
        exporter.shutdown()  # type: ignore[no-untyped-call]  # the SDK's
        server.collector.flush()
        analyze(server.database, now_ns=time.time_ns())
        return {half: _score(server.database, [play for play in played if play.half == half]) for half in HALVES}
    finally:
        server.stop()


def _settings(folder: Path) -> settings_module.Settings:
    return settings_module.load(
        database=f"chdb://{folder}/database",
        spool=folder / "spool",
        grpc_address="127.0.0.1:0",
        http_address="127.0.0.1:0",
        clickhouse_address="127.0.0.1:0",
    )


def _score(database: Database, played: Sequence[Play]) -> Evaluation:
    labels = [Label(play.id, play.truth, source=play.language, group=play.task) for play in played]
    ids = [label.conversation_id for label in labels]
    stored = load_stored(database, ids, tenant=None)
    return evaluate(labels, stored, prompts={}, quotes=check_quotes(database, ids, tenant=None))


def main() -> None:
    """Measure and print."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp(prefix="momus-ablation-"))
    for half, evaluation in measure(folder, list(plays())).items():
        console.rule(f"{half.replace('_', '-')} tasks", align="left")
        show_evaluation(evaluation)


if __name__ == "__main__":
    main()
