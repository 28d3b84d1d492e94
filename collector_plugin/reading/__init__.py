"""What dialects share: reading JSON of any quality, messages of any shape, and what frameworks make of a user's words.

payload, unflatten          attribute values and numbered attributes as JSON values
remembered                  texts that come with every call of a model, read once
message_shapes              messages, tool calls and tool definitions in every vendor's shape
identity, build             whose conversation a span is of; records with ids, times and failures filled in
prompts (crewai, dspy, ...) the user's own words out of the prompt that a framework wraps them in
"""
