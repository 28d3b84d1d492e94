"""How right the findings are, measured against conversations that a person has labelled.

    labels.jsonl ▶ labels ─▶ groups of near-duplicates ▶ one split ▶ no leak from a prompt? ▶ scores, with intervals

Near-duplicates never stand in two splits, and the intervals resample groups, not conversations: ten copies of one
conversation are one piece of evidence. Everything here is a pure function of labels and findings.
"""
