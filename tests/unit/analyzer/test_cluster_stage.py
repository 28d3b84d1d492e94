"""Groups from one run to the next, in a database: what is asked, what is written."""

import json
import re
from collections.abc import Sequence

import numpy as np

from analyzer.cluster_stage import ClusterRows, Means, add_rows, cluster_items, load_before
from analyzer.clusters.keep import Item
from analyzer.models import Reply, Vectors, read_reply
from analyzer.result_rows import Stamp
from schemas.database import Database

OWNER = ("", "shop")
TOPICS = 12  # more than the ten that need no level above them


class Topics:
    """An embedder for `topic7 variant3`: each topic has a direction of its own, and one in common with three others."""

    name = "topics"

    def embed(self, texts: Sequence[str]) -> Vectors:
        rows = np.zeros((len(texts), 64), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            topic, variant = map(int, re.findall(r"\d+", text))
            row[topic], row[16 + topic // 4], row[32 + variant] = 1.0, 0.4, 0.3
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


class Namer:
    """A model that calls each group by a letter, and counts what it is asked."""

    name = "namer"

    def __init__(self) -> None:
        self.asked = 0

    def ask(self, system: str, user: str, reply: type[Reply]) -> Reply:
        self.asked += 1
        numbers = [int(number) for number in re.findall(r'"group": (\d+)', user)]
        names = [{"group": number, "name": f"wish of {chr(96 + number) * self.asked}"} for number in numbers]
        return read_reply(json.dumps({"names": names}), reply)


def wishes(each: int) -> list[Item]:
    return [Item(f"c{t:02}-{n}", f"topic{t} variant{n}", f"c{t:02}-{n}") for t in range(TOPICS) for n in range(each)]


def run(database: Database, items: Sequence[Item], means: Means, number: int) -> ClusterRows:
    """Group intents as a run does, and store what it leaves."""
    before = load_before(database, OWNER, "intents", database.query("former_clusters"))
    rows = ClusterRows()
    named, clustering = cluster_items(items, {i.id: i.text for i in items}, before, means, kind="intents", owner=OWNER)
    stamp = Stamp(f"run{number}", number, "model", "namer")
    add_rows(rows, named, clustering, items, before, means, stamp, kind="intents", owner=OWNER)
    rows.write(database, f"run{number}")
    return rows


def names(rows: ClusterRows) -> dict[str, str]:
    return {row["cluster_id"]: row["title"] for row in rows.clusters if not row["is_deleted"]}


def test_a_model_is_asked_for_names_once(database: Database) -> None:
    """Clusters and the levels above them keep their names while they are what was named: nothing is asked or paid again."""
    model = Namer()
    means = Means(Topics(), model)
    first = run(database, wishes(5), means, 1)
    assert {row["level"] for row in first.clusters} == {0, 1}
    asked = model.asked
    assert asked > 0
    assert names(run(database, wishes(6), means, 2)) == names(first)
    assert model.asked == asked
