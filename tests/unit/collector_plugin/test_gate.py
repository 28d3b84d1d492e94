"""Once there is a key, nothing is answered without one, on any route or method of either transport."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

import grpc
import orjson
import pytest
from google.rpc import code_pb2
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector_plugin.receivers.grpc_receiver import METHODS, STATUS_KEY, GrpcReceiver
from collector_plugin.receivers.http_receiver import HttpReceiver
from collector_plugin.receivers.intake import Intake
from collector_plugin.receivers.keys import Keys
from collector_plugin.spool.spool import Spool

JSON_HEADER = {"content_type": "application/json"}
LIMIT = 8_000_000
STATUS = {"last_error": "the database said: secret", "unknown_spans": [{"span": "secret"}], "requests": 7}
GRPC_METHODS = [
    *METHODS,
    "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export",
    "/opentelemetry.proto.collector.trace.v1.TraceService/Import",
    "/grpc.health.v1.Health/Check",
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "/a/b",
]


@dataclass
class Edge:
    """Both receivers, for two tenants, in front of a spool."""

    http: HttpReceiver
    grpc: GrpcReceiver
    intake: Intake
    spool: Spool

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Any:
        connection = HTTPConnection("127.0.0.1", self.http.port, timeout=10)
        connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        response = connection.getresponse()
        response.content = response.read()  # type: ignore[attr-defined]  # read before the connection is closed
        connection.close()
        return response

    def call(self, method: str, body: bytes = b"", **metadata: str) -> bytes:
        with grpc.insecure_channel(f"127.0.0.1:{self.grpc.port}", [("grpc.max_send_message_length", -1)]) as channel:
            sent = [(name.replace("_", "-"), value) for name, value in metadata.items()]
            answer: bytes = channel.unary_unary(method)(body, timeout=10, metadata=sent)
            return answer

    def tenants(self) -> list[str]:
        """Return the tenants of all that was stored since the last call."""
        self.spool.seal()
        found = []
        while segment := self.spool.next_segment(0):
            found += [request.tenant for request in self.spool.read(segment)]
            self.spool.remove(segment, [])
        return found


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    spool = Spool(tmp_path_factory.mktemp("spool"))
    intake = Intake(spool, limit_bytes=LIMIT)
    keys = Keys([("key-of-shop", "shop"), ("key-of-bank", "bank")])
    edge = Edge(
        HttpReceiver("127.0.0.1:0", intake, lambda: STATUS, lambda: "momus_up 1\n", keys),
        GrpcReceiver("127.0.0.1:0", intake, keys),
        intake,
        spool,
    )
    edge.http.start()
    edge.grpc.start()
    yield edge
    edge.http.stop(1)
    edge.grpc.stop(1)
    spool.close()


ids = iter(range(1, 10**6))


def traces() -> bytes:
    """Return a request of its own whose attributes claim to be the bank's."""
    request = ExportTraceServiceRequest()
    parent = request.resource_spans.add()
    for key in ("tenant", "momus.tenant", "tenant.id", "x-api-key"):
        parent.resource.attributes.add(key=key).value.string_value = "bank"
    now_ns = time.time_ns()
    span = parent.scope_spans.add().spans.add(name="a", start_time_unix_nano=now_ns, end_time_unix_nano=now_ns)
    span.trace_id, span.span_id = next(ids).to_bytes(16, "big"), next(ids).to_bytes(8, "big")
    return bytes(request.SerializeToString())


def refusal(call: Any) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as refused:
        call()
    return refused.value


@pytest.mark.parametrize("key", [{}, {"authorization": "Bearer wrong"}, {"x_api_key": "key-of-shop2"}])
def test_no_route_is_answered_without_a_key(edge: Edge, key: dict[str, str]) -> None:
    """Every route that is served and some that are not, with every method; only GET /healthz and GET /readyz are open."""
    paths = [route.path for route in edge.http.routes()]
    assert {"/v1/traces", "/v1/feedback", "/metrics", "/healthz", "/readyz"} <= set(paths)
    for path in (
        *paths,
        "/",
        "/v1/unknown",
        "/healthz/",
        "//healthz",
        "/HEALTHZ",
        "/healthz/../metrics",
        "/%68ealthz2",
    ):
        for method in ("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"):
            if (method, path) in (("GET", "/healthz"), ("GET", "/readyz")):
                continue
            response = edge.ask(method, path, b"", **key)
            assert response.status == 401, (method, path)
            assert response.getheader("www-authenticate") == "Bearer"
    assert edge.tenants() == []


@pytest.mark.parametrize("host", ["a/healthz?", "a/healthz#", "localhost/healthz?x=", "/healthz", "a:1/healthz;"])
def test_no_host_makes_a_path_look_like_the_open_one(edge: Edge, host: str) -> None:
    """A URL put together from header and path would begin with what the client made up."""
    for path in ("/metrics", "/healthz2"):
        assert edge.ask("GET", path, host=host).status == 401
    assert edge.ask("POST", "/v1/traces", traces(), host=host, content_type="application/x-protobuf").status == 401


@pytest.mark.parametrize("method", GRPC_METHODS)
@pytest.mark.parametrize("key", [{}, {"authorization": "Bearer wrong"}, {"x_api_key": "wrong"}])
def test_no_method_is_answered_without_a_key(edge: Edge, method: str, key: dict[str, str]) -> None:
    """Those that nobody serves are not even said to be unknown."""
    error = refusal(lambda: edge.call(method, traces(), **key))
    assert error.code() == grpc.StatusCode.UNAUTHENTICATED
    status = Status.FromString(dict(error.trailing_metadata())[STATUS_KEY])
    assert (status.code, list(status.details)) == (code_pb2.UNAUTHENTICATED, [])
    assert edge.tenants() == []


def test_a_refusal_is_a_status_that_says_how_to_send_a_key(edge: Edge) -> None:
    """In the encoding of the request, and never worth a repetition."""
    in_json = edge.ask("POST", "/v1/traces", b"{}", content_type="application/json")
    assert "x-api-key" in orjson.loads(in_json.content)["message"]
    in_protobuf = edge.ask("POST", "/v1/traces", traces(), content_type="application/x-protobuf")
    assert Status.FromString(in_protobuf.content).code == code_pb2.UNAUTHENTICATED
    assert in_protobuf.getheader("retry-after") is None


def test_a_stranger_makes_us_hold_no_body(edge: Edge) -> None:
    """What is larger than any request is refused for its key, not for its size: it was not read."""
    huge = bytes(LIMIT + 1_000_000)
    assert refusal(lambda: edge.call(next(iter(METHODS)), huge)).code() == grpc.StatusCode.UNAUTHENTICATED
    connection = HTTPConnection("127.0.0.1", edge.http.port, timeout=10)
    connection.putrequest("POST", "/v1/traces")
    connection.putheader("content-length", str(len(huge)))
    connection.endheaders(b"only the beginning")
    assert connection.getresponse().status == 401
    connection.close()


@pytest.mark.parametrize(("key", "tenant"), [("key-of-shop", "shop"), ("key-of-bank", "bank")])
def test_the_key_alone_says_for_which_tenant_it_is(edge: Edge, key: str, tenant: str) -> None:
    """On both transports, whatever headers and attributes claim."""
    claims = {"content_type": "application/x-protobuf", "x_scope_orgid": "bank", "momus_tenant": "bank"}
    assert edge.ask("POST", "/v1/traces?tenant=bank", traces(), authorization=f"Bearer {key}", **claims).status == 200
    assert edge.ask("POST", "/api/public/otel/v1/traces", traces(), x_api_key=key, **claims).status == 200
    assert edge.call("/opentelemetry.proto.collector.trace.v1.TraceService/Export", traces(), x_api_key=key) == b""
    feedback = b'{"name": "thumb", "score": 1, "trace_id": "%032x"}' % next(ids)
    assert edge.ask("POST", "/v1/feedback", feedback, x_api_key=key, **JSON_HEADER).status == 200
    assert edge.tenants() == [tenant] * 4


def test_the_same_bytes_of_two_tenants_are_two_requests(edge: Edge) -> None:
    """One tenant cannot make another's request look as if it came before."""
    body = traces()
    for key in ("key-of-shop", "key-of-bank", "key-of-shop"):
        assert edge.ask("POST", "/v1/traces", body, x_api_key=key, content_type="application/x-protobuf").status == 200
    assert edge.tenants() == ["shop", "bank"]


def test_health_without_a_key_tells_only_whether_all_is_well(edge: Edge) -> None:
    """And with a key no more than what is no tenant's own."""
    assert orjson.loads(edge.ask("GET", "/healthz").content) == {"status": "not ok"}
    assert orjson.loads(edge.ask("GET", "/healthz", x_api_key="wrong").content) == {"status": "not ok"}
    known = edge.ask("GET", "/healthz", x_api_key="key-of-shop")
    assert orjson.loads(known.content) == {"status": "not ok", "requests": 7}


def test_metrics_are_shown_to_who_has_a_key(edge: Edge) -> None:
    """Prometheus sends it as `authorization: credentials` does."""
    response = edge.ask("GET", "/metrics", authorization="Bearer key-of-shop")
    assert (response.status, response.content) == (200, b"momus_up 1\n")
    assert response.getheader("content-type").startswith("text/plain; version=0.0.4")


def test_who_has_a_key_may_call_us_by_any_name(edge: Edge) -> None:
    """A proxy on the same machine does; the check of names is for pages, which have none."""
    answer = edge.ask("GET", "/metrics", x_api_key="key-of-shop", host="momus.example")
    assert answer.status == 200


def test_unknown_methods_and_paths_are_told_to_who_has_a_key(edge: Edge) -> None:
    """So that a wrong endpoint is found at once."""
    assert edge.ask("POST", "/v2/traces", x_api_key="key-of-shop").status == 404
    assert edge.ask("POST", "/metrics", x_api_key="key-of-shop").status == 405
    error = refusal(lambda: edge.call("/a/b", x_api_key="key-of-shop"))
    assert error.code() == grpc.StatusCode.UNIMPLEMENTED


def test_refusals_are_counted_by_reason(edge: Edge) -> None:
    """On both transports together."""
    before = edge.intake.refused()
    edge.ask("GET", "/metrics")
    refusal(lambda: edge.call("/a/b"))
    edge.ask("POST", "/v2/traces", x_api_key="key-of-shop")
    edge.ask("POST", "/v1/feedback", b"{}", x_api_key="key-of-shop", **JSON_HEADER)
    refusal(lambda: edge.call(next(iter(METHODS)), b"\xff", x_api_key="key-of-shop"))
    after = edge.intake.refused()
    grown = {reason: count - before.get(reason, 0) for reason, count in after.items() if count != before.get(reason, 0)}
    assert grown == {"unauthenticated": 2, "unknown_path": 1, "bad_request": 2}
    assert edge.intake.counts()["requests_refused"] == sum(after.values())
