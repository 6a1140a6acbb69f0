"""The certificate that the proxy before us shows to browsers, looked at as they do: over a connection."""

import socket
import ssl
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography.x509 import load_der_x509_certificate

_PATIENCE: Final = 3.0  # seconds


@dataclass(frozen=True, slots=True)
class Certificate:
    """`until` is aware. `is_own`: nobody but itself vouches for it."""

    until: datetime
    is_own: bool


def shown(name: str, proxy: tuple[str, int]) -> Certificate:
    """What who asks there for `name` is shown, whether or not it is good. Raises OSError when nobody answers."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # nothing is sent: it is only looked at
    with (
        socket.create_connection(proxy, timeout=_PATIENCE) as line,
        context.wrap_socket(line, server_hostname=name) as opened,
    ):
        encoded = opened.getpeercert(binary_form=True)
    if encoded is None:
        raise OSError("no certificate")
    found = load_der_x509_certificate(encoded)
    return Certificate(found.not_valid_after_utc, found.issuer == found.subject)
