"""Read a conversation with a model: what was asked, how it ended, which facets it has, and what went wrong in it.

    conversation ─digest▶ redact ─fence▶ one question to the model ─▶ summary, facets, claims
        claims ─quote gate▶ verifier (a second question: claims, quotes and their neighbourhood alone) ─▶ findings
        findings of detectors + findings of the model ─merge▶ Reading

`read.py` tells the whole order. Everything is pure given the model; prompts are the text files beside the code that
asks them.
"""
