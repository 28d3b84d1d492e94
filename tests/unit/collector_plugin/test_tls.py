"""With a certificate both transports are encrypted; with an authority for clients, strangers do not get as far as HTTP."""

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any

import grpc
import pytest

from collector_plugin.receivers.grpc_receiver import METHODS, GrpcReceiver
from collector_plugin.receivers.http_receiver import HttpReceiver
from collector_plugin.receivers.intake import Intake
from collector_plugin.receivers.tls import Tls, tls_of
from collector_plugin.spool.spool import Spool
from schemas import settings
from schemas.errors import SettingsError

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="certificates are made with openssl")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the certificates and keys of an authority, a server, a client it signed, and a stranger."""
    folder = tmp_path_factory.mktemp("certificates")

    def make(name: str, *options: str) -> None:
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        command += ["-days", "2", "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem", *options]
        subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=30)

    make("authority")
    make("server", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
    make("client", "-CA", "authority.pem", "-CAkey", "authority.key", "-addext", "basicConstraints=critical,CA:FALSE")
    make("stranger")
    encrypt = ["openssl", "ec", "-in", "server.key", "-out", "locked.key", "-aes256", "-passout", "pass:word"]
    subprocess.run(encrypt, cwd=folder, check=True, capture_output=True, timeout=30)
    return folder


def load(files: Path, certificate: str = "server.pem", key: str = "server.key", client_ca: str = "") -> Tls:
    ca = {"tls_client_ca": files / client_ca} if client_ca else {}
    tls = tls_of(settings.load(tls_certificate=files / certificate, tls_key=files / key, **ca))
    assert tls is not None
    return tls


@pytest.fixture(scope="module", params=["", "authority.pem"], ids=["tls", "mtls"])
def edge(request: pytest.FixtureRequest, files: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    tls = load(files, client_ca=request.param)
    spool = Spool(tmp_path_factory.mktemp("spool"))
    intake = Intake(spool, limit_bytes=1_000_000)
    http = HttpReceiver("127.0.0.1:0", intake, intake.counts, tls=tls)
    grpc_ = GrpcReceiver("127.0.0.1:0", intake, tls=tls)
    http.start()
    grpc_.start()
    yield http.port, grpc_.port, bool(request.param)
    http.stop(1)
    grpc_.stop(1)
    spool.close()


def over_http(port: int, files: Path, client: str = "", **limits: Any) -> int:
    context = ssl.create_default_context(cafile=files / "server.pem")
    if client:
        context.load_cert_chain(files / f"{client}.pem", files / f"{client}.key")
    for name, value in limits.items():
        setattr(context, name, value)
    connection = HTTPSConnection("localhost", port, context=context, timeout=10)
    connection.request("POST", "/v1/traces", b"", {"content-type": "application/x-protobuf"})
    status = connection.getresponse().status
    connection.close()
    return status


def over_grpc(port: int, files: Path, client: str = "") -> bytes:
    own = [(files / f"{client}.{kind}").read_bytes() for kind in ("key", "pem")] if client else [None, None]
    credentials = grpc.ssl_channel_credentials((files / "server.pem").read_bytes(), *own)
    with grpc.secure_channel(f"localhost:{port}", credentials) as channel:
        answer: bytes = channel.unary_unary(next(iter(METHODS)))(b"", timeout=5)
        return answer


def test_a_client_with_a_signed_certificate_is_served(edge: Any, files: Path) -> None:
    """On both transports."""
    http_port, grpc_port, _ = edge
    assert over_http(http_port, files, "client") == 200
    assert over_grpc(grpc_port, files, "client") == b""


@pytest.mark.parametrize("client", ["", "stranger"])
def test_others_are_served_only_where_no_authority_is_named(edge: Any, files: Path, client: str) -> None:
    """Without a certificate, or with one that nobody signed."""
    http_port, grpc_port, asks_for_certificates = edge
    if asks_for_certificates:
        with pytest.raises(OSError):
            over_http(http_port, files, client)
        with pytest.raises(grpc.RpcError) as refused:
            over_grpc(grpc_port, files, client)
        assert refused.value.code() == grpc.StatusCode.UNAVAILABLE
    else:
        assert over_http(http_port, files, client) == 200
        assert over_grpc(grpc_port, files, client) == b""


def test_nothing_is_answered_in_plain_text(edge: Any) -> None:
    """Nor with a TLS that is known to be broken."""
    http_port, grpc_port, _ = edge
    connection = HTTPConnection("127.0.0.1", http_port, timeout=5)
    connection.request("GET", "/healthz")
    with pytest.raises(OSError):
        connection.getresponse()
    connection.close()
    with grpc.insecure_channel(f"127.0.0.1:{grpc_port}") as channel, pytest.raises(grpc.RpcError):
        channel.unary_unary(next(iter(METHODS)))(b"", timeout=5)


def test_no_tls_before_version_1_2_is_spoken(files: Path) -> None:
    """Which the context says itself."""
    assert load(files).context.minimum_version >= ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize(
    "chosen",
    [
        {"certificate": "absent.pem"},
        {"key": "absent.key"},
        {"key": "client.key"},
        {"key": "locked.key"},
        {"certificate": "server.key"},
        {"client_ca": "absent.pem"},
        {"client_ca": "server.key"},
    ],
)
def test_files_that_cannot_be_used_are_told_at_the_start(files: Path, chosen: dict[str, str]) -> None:
    """Not when the first client comes; nobody is asked for a password."""
    with pytest.raises(SettingsError, match="MOMUS_TLS_CERTIFICATE"):
        load(files, **chosen)


@pytest.mark.parametrize("named", ["tls_certificate", "tls_key", "tls_client_ca"])
def test_half_of_tls_is_an_error(files: Path, named: str) -> None:
    """Else what was meant to be encrypted would not be."""
    with pytest.raises(SettingsError, match="both"):
        tls_of(settings.load(**{named: files / "server.pem"}))


def test_without_settings_there_is_no_tls() -> None:
    """On loopback it is of little use."""
    assert tls_of(settings.load()) is None
