"""A small scripted support agent, traced by the real OpenTelemetry SDK: the traffic of `momus demo`.

`shop.py` is the agent's world (tools, documents, orders), `scenarios.py` what people ask and how the agent fares,
`agent.py` the traced loop that plays them. The model is scripted so that the demo needs no key; everything that is sent
is sent by the SDK's own batch processor and OTLP exporter.
"""
