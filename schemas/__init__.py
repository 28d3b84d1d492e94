"""The ground floor: nouns, errors, settings, the database and its DDL. Imports nothing of ours.

Glossary. One word each, the same in Python, SQL, URLs and on screen; a new noun is added here first.

=================  ====================================================================================================
export request     one OTLP ExportTraceServiceRequest or ExportLogsServiceRequest as received
span, span event,  exactly OpenTelemetry's
exception, trace
key, tenant        what lets a client in; on whose behalf it then sends: what two tenants send never meets
dialect            the attribute vocabulary that an instrumentation library speaks
span facts         what a dialect read from one span or log record: its role, ids, model, tokens, messages in and out
message body       what was said, without where: role, text, requested tool calls; stored once, named by its hash
conversation       what a person and an agent said; made of turns
turn               one user message and all work until the answer
message            a message body at its place in a conversation
tool call          a request to a tool with arguments, result and status
tool execution     the span that ran a tool; joined to the tool call that asked for it
retrieval          a query with its ranked documents and scores
feedback           a rating or comment by a user or an evaluator on a conversation or span
facet              a question asked of every conversation, with a typed answer
digest             a conversation as a model is shown it: what tells of failures whole, the rest cut with a note
reading            what a model makes of one conversation: summary, facets, findings
claim              a failure that a model says it sees; held to its quote and a sceptic before it is a finding
finding            one failure seen in one conversation: family, code, statement, quote, where
evidence           the verbatim quote of a finding with trace id, span id, message and offsets
issue              findings that mean the same; what people triage, resolve and see regress
cluster            a group of findings, or of conversation intents; level > 0 groups clusters
classifier         a versioned, measured rule or prompt that says whether a conversation belongs to an issue
run                one execution of the analyzer; every derived row carries its run_id
segment            a file of the spool: export requests that are written to the database as one batch
=================  ====================================================================================================
"""
