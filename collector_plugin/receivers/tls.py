"""TLS for both receivers, and client certificates where they are asked for. Certificates are read once, at the start."""

import ssl
from dataclasses import dataclass

import grpc

from schemas.errors import SettingsError
from schemas.settings import Settings


@dataclass(frozen=True, slots=True)
class Tls:
    """What a receiver needs to speak TLS 1.2 or newer: a context for HTTP, credentials for gRPC."""

    context: ssl.SSLContext
    credentials: grpc.ServerCredentials


def tls_of(settings: Settings) -> Tls | None:
    """Read what the settings name; None where they ask for no TLS.

    Raises:
        SettingsError: a file cannot be used, or one that belongs to it is not named.
    """
    certificate, key, client_ca = settings.tls_certificate, settings.tls_key, settings.tls_client_ca
    if certificate is None and key is None and client_ca is None:
        return None
    if certificate is None or key is None:
        raise SettingsError("TLS needs both MOMUS_TLS_CERTIFICATE and MOMUS_TLS_KEY.")
    try:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=client_ca)
        # Without a password of ours OpenSSL would ask on the terminal for that of an encrypted key.
        context.load_cert_chain(certificate, key, password=lambda: "")
        if client_ca is not None:
            context.verify_mode = ssl.CERT_REQUIRED
        # gRPC finds no fault with files that cannot be used before the first client comes; by now they can.
        credentials = grpc.ssl_server_credentials(
            [(key.read_bytes(), certificate.read_bytes())],
            root_certificates=client_ca.read_bytes() if client_ca else None,
            require_client_auth=client_ca is not None,
        )
    except OSError as error:  # ssl.SSLError is one
        raise SettingsError(
            f"The files of MOMUS_TLS_CERTIFICATE, MOMUS_TLS_KEY and MOMUS_TLS_CLIENT_CA cannot be used: {error}"
        ) from None
    return Tls(context, credentials)
