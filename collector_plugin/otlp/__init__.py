"""OTLP as bytes: decoding export requests of both encodings, mending what can be mended, admitting what can be stored.

body ─inflate▶ plain ─requests (otlp_json, repair)▶ protobuf message ─admission▶ what is kept, and what the sender is told
"""
