"""TLS for the listener, from a certificate and a key in files."""

import ssl
from pathlib import Path

from pipeline.errors import SetupError


def tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """What connections are encrypted with: TLS 1.2 or newer.

    Args:
        certificate: in PEM, with those between it and the root.
        key: in PEM, without a password.

    Raises:
        SetupError: they cannot be read, or do not belong together.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
        raise SetupError(
            f"The certificate {certificate} and the key {key} cannot be used: {reason}. They must be PEM"
            " files that belong together, the key without a password."
        ) from error
    return context


def _no_password() -> str:
    """Nobody is there to be asked for one."""
    return ""
