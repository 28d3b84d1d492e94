"""Conversations out of the facts of many spans.

    facts of spans, events, logs ─traces.gather▶ calls, each once ─linking.group▶ one group a conversation
        ─transcript▶ messages, history once ─tool_calls▶ tool calls ─conversations.assemble▶ Conversation

Every LLM span repeats the history so far, traces come in pieces and late, and ids sit on other spans than messages.
What is done about each is said at the function that does it. All functions are pure; the order of the records given
does not matter beyond ties in time.
"""
