"""From labels and what is stored to one report; refuses where a prompt holds what it would be scored on."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from analyzer.evaluate.labels import Label
from analyzer.evaluate.leaks import find_leaks
from analyzer.evaluate.near_duplicates import near_duplicate_groups
from analyzer.evaluate.scores import Found, Judged, Scores, score
from analyzer.evaluate.splits import Split, split
from schemas.errors import PromptLeak

_LEAKS_TOLD = 3


@dataclass(frozen=True, slots=True)
class Stored:
    """What the database holds of a labelled conversation. `method` is `detectors` or `model`, with the model's name."""

    conversation_id: str
    found: tuple[Found, ...] = ()
    user_texts: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    source: str = ""
    method: str = "detectors"
    model: str = ""


@dataclass(frozen=True, slots=True)
class Quotes:
    """How many quotes hold. The gate saw `seen` in the runs concerned and dropped `rejected`; of those stored,
    `verbatim` of `checked` stand in the raw span or log record that they name (letters and digits compared), and of
    `gone` the span is no longer stored."""

    seen: int = 0
    rejected: int = 0
    checked: int = 0
    verbatim: int = 0
    gone: int = 0


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The figures of one set of labels. `absent` are labelled conversations that were never analysed, `undecided` those
    that the labeller could not judge, `repeated` those that have a near-duplicate among the scored."""

    split: Split | None
    methods: tuple[str, ...]
    labelled: int
    absent: int
    undecided: int
    repeated: int
    overall: Scores
    sources: Mapping[str, Scores]
    quotes: Quotes = field(default=Quotes())
    problems: tuple[str, ...] = ()


def evaluate(
    labels: Sequence[Label],
    stored: Mapping[str, Stored],
    *,
    prompts: Mapping[str, str],
    only: Split | None = None,
    quotes: Quotes = Quotes(),
    problems: Iterable[str] = (),
) -> Evaluation:
    """Score what is stored against the labels of one split, or of all.

    Args:
        labels: at most one for each conversation.
        stored: by conversation id; a labelled conversation that is not in it is counted as absent.
        prompts: every text that a model was given besides the conversation, by name.
        only: the split to score; splits are cut over all labels, so that they do not depend on what is stored.
        quotes, problems: told as they are.

    Raises:
        PromptLeak: a sentence of a conversation to be scored stands in a prompt.
    """
    present = [label for label in labels if label.conversation_id in stored]
    groups = _groups(present, stored)
    splits = split(present, groups)
    chosen = [
        Judged(label, stored[label.conversation_id].found, group)
        for label, group, own in zip(present, groups, splits, strict=True)
        if not label.is_undecided and only in (None, own)
    ]
    _refuse_leaks([stored[one.label.conversation_id] for one in chosen], prompts)
    methods = {_method(stored[one.label.conversation_id]) for one in chosen}
    return Evaluation(
        only, tuple(sorted(methods)), len(labels), len(labels) - len(present),
        sum(label.is_undecided for label in present),
        len(chosen) - len({one.group for one in chosen}),
        score(chosen),
        {source: score(judged) for source, judged in _by_source(chosen, stored).items()},
        quotes, tuple(problems),
    )  # fmt: skip


def _groups(labels: Sequence[Label], stored: Mapping[str, Stored]) -> list[int]:
    """For each label the number of its group: near-duplicates by what users said, and what the labeller says is one."""
    groups = near_duplicate_groups(["\n".join(stored[label.conversation_id].user_texts) for label in labels])
    named: dict[str, int] = {}
    merged: dict[int, int] = {}

    def root(group: int) -> int:
        while group in merged:
            group = merged[group]
        return group

    for label, group in zip(labels, groups, strict=True):
        if label.group:
            one, other = root(named.setdefault(label.group, group)), root(group)
            if one != other:
                merged[max(one, other)] = min(one, other)
    return [root(group) for group in groups]


def _refuse_leaks(scored: Iterable[Stored], prompts: Mapping[str, str]) -> None:
    spoken = {one.conversation_id: (*one.user_texts, *one.answers) for one in scored}
    leaks = list(find_leaks(spoken, prompts))
    if leaks:
        told = "; ".join(
            f"“{leak.sentence}” of {leak.conversation_id} in {leak.prompt}" for leak in leaks[:_LEAKS_TOLD]
        )
        more = f", and {len(leaks) - _LEAKS_TOLD} more" if len(leaks) > _LEAKS_TOLD else ""
        raise PromptLeak(
            f"Not scored: a prompt holds what it would be scored on: {told}{more}. Take the example out of the prompt, or "
            "label other conversations."
        )


def _method(one: Stored) -> str:
    return f"{one.method}: {one.model}" if one.model else one.method


def _by_source(judged: Iterable[Judged], stored: Mapping[str, Stored]) -> dict[str, list[Judged]]:
    sources: dict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        sources[one.label.source or stored[one.label.conversation_id].source].append(one)
    return dict(sorted(sources.items()))
