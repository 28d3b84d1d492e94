"""What a reading is given beside the conversation, and what it gives back."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from analyzer.facets.answers import FacetAnswer
from analyzer.facets.definitions import FacetDefinition
from analyzer.summarise import Summary
from analyzer.with_model.prompts import MERGE, READ, REQUOTE, SUMMARY, VERIFY
from analyzer.with_model.replies import RequoteReply, VerifyReply, read_form, summary_form
from schemas.families import Finding


@dataclass(frozen=True, slots=True)
class ReadingSetup:
    """What determines a reading beside the conversation and the model; a change of any of it reads conversations anew.

    `card` tells in a few sentences what the agent is for, its data and what it must not do; empty where nobody wrote
    one. `facets` are the questions of the team. `summary_prompt` is the part of the prompt that asks for the summary;
    a team may put its own. `token_budget` bounds one question about a conversation, in estimated tokens; longer ones
    are read in up to `window_limit` windows. `redacts` keeps personal data from leaving the process, `redacts_quotes`
    keeps it out of the quotes that are stored, too.
    """

    card: str = ""
    facets: tuple[FacetDefinition, ...] = ()
    summary_prompt: str = SUMMARY
    token_budget: int = 12_000
    window_limit: int = 8
    redacts: bool = True
    redacts_quotes: bool = False

    @property
    def hash(self) -> str:
        """16 hex of everything above, and of the prompts and reply forms in use."""
        return _setup_hash(self)

    @property
    def prompt_hashes(self) -> Mapping[str, str]:
        """The content hash of each prompt, with its form of answer, by its name."""
        return _prompt_hashes(self)


@lru_cache(maxsize=32)
def _setup_hash(setup: ReadingSetup) -> str:
    return hashlib.blake2b(repr((setup, *setup.prompt_hashes.items())).encode(), digest_size=8).hexdigest()


@lru_cache(maxsize=32)
def _prompt_hashes(setup: ReadingSetup) -> Mapping[str, str]:
    return {
        "read": READ.hash(read_form(setup.facets), setup.summary_prompt, setup.card, repr(setup.facets)),
        "merge": MERGE.hash(summary_form(setup.facets), setup.summary_prompt, repr(setup.facets)),
        "requote": REQUOTE.hash(RequoteReply),
        "verify": VERIFY.hash(VerifyReply),
    }


@dataclass(frozen=True, slots=True)
class GateCounts:
    """What became of the findings that a model claimed, and of the detectors' that it was asked about.

    `claimed` = `admitted` + `unquoted` + `contradicted` + `repeated`; a claim that lacks both a tool and data is two
    findings. `retried` counts the claims that were sent back once because their quote was not verbatim, whatever
    became of them. The quote gate's rejection rate is `unquoted` / `claimed`.
    """

    claimed: int = 0
    admitted: int = 0
    retried: int = 0
    unquoted: int = 0
    contradicted: int = 0
    repeated: int = 0
    detectors_contradicted: int = 0

    def __add__(self, other: "GateCounts") -> "GateCounts":
        """The counts of two readings together."""
        mine, theirs = (tuple(getattr(c, name) for name in GateCounts.__slots__) for c in (self, other))
        return GateCounts(*(a + b for a, b in zip(mine, theirs, strict=True)))


@dataclass(frozen=True, slots=True)
class Reading:
    """What came of reading one conversation.

    `state` is `analysed`, or `failed: why` or `skipped: why`; then the summary is the extractive one with a note, and
    the findings are the detectors'. `findings` have passed the quote gate and the verifier; their offsets are set.
    `prompt_hashes` are those of the prompts that were asked.
    """

    summary: Summary
    facets: tuple[FacetAnswer, ...]
    findings: tuple[Finding, ...]
    state: str = "analysed"
    gate: GateCounts = GateCounts()
    prompt_hashes: Mapping[str, str] = field(default_factory=dict)
