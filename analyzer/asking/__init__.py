"""Ask models safely: nothing paid for twice, within a budget, whatever the endpoint does.

    read_conversation ─ask▶ Asker ─known?▶ answers (table model_answers) ─▶ the reply
                              │ unknown: is there budget? does the endpoint still answer?
                              └─▶ endpoint: answers at once, or keeps the question for a batch, or only counts it

question   what is asked, and the hash of all that determines its answer
answers    the table of answers: kept before they are used, so that a process may be killed at any point
budget     what may be spent, at which prices, and what was
asker      the one way to a model: cache, budget, one second try, and the end of all asking where it is hopeless
batches    questions by the file, for endpoints that answer those cheaper within a day
rehearsal  what a run would ask and cost, without asking
vectors    embeddings by content, made once

What is asked is `analyzer.with_model`'s to say.
"""
