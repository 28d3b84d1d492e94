"""What exporters talk to: OTLP over HTTP and gRPC, who may, what is answered, and what is counted.

http_receiver (http_gate, http_protocol, http_answers) ─┐
                                                        ├▶ intake ─▶ spool; `refusal` alone decides "try again" or not
grpc_receiver ──────────────────────────────────────────┘
"""
