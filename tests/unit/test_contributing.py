"""What CONTRIBUTING.md points at is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")


def test_every_place_in_the_table_exists() -> None:
    """Folders and files that moved are named anew; `<library>` stands for any."""
    rows = [line for line in TEXT.splitlines() if line.startswith("|")]
    places = {place for row in rows for place in re.findall(r"`((?:[a-z_]+/)+[\w.<>]*)`", row)}
    assert len(places) > 20
    assert [place for place in sorted(places) if not list(ROOT.glob(place.replace("<library>", "*")))] == []


def test_every_link_leads_somewhere() -> None:
    """All of them are to files of this project."""
    links = {link.replace("\\_", "_") for link in re.findall(r"\]\(([^)]+)\)", TEXT)}
    assert len(links) > 5
    assert [link for link in sorted(links) if not (ROOT / link).exists()] == []
