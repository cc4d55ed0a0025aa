"""What `doctor` finds, and how a connection that was refused is told."""

from __future__ import annotations

import ssl
from typing import Literal, NamedTuple

Status = Literal["ok", "warning", "failed", "skipped"]

SETUP, NO_ANSWER = 2, 3
"""What a failed check makes the command return: the set-up is wrong; the model did not answer."""

_CERTIFICATES = {
    9: ("is not valid yet", "Check this machine's clock, and the server's certificate."),
    10: ("has expired", "Renew the server's certificate; or check this machine's clock."),
    18: ("is self-signed", "Name the file that holds it: export SSL_CERT_FILE=…"),
    19: (
        "comes from an issuer that is not known here",
        "Name the file that holds it: export SSL_CERT_FILE=…",
    ),
    20: (
        "comes from an issuer that is not known here",
        "Name the file that holds it: export SSL_CERT_FILE=…",
    ),
    62: ("is for another host name", "Use the name that stands in the certificate, or mend the certificate."),
    64: ("is for another address", "Use the name that stands in the certificate."),
}
"""OpenSSL's codes of verification (X509_V_ERR_…), in words."""


class Check(NamedTuple):
    """What was found of one thing."""

    name: str
    status: Status
    message: str
    hint: str = ""
    code: int = 0
    """What the command returns for it, where it failed."""


def unheard(host: str, seconds: float) -> tuple[str, str]:
    """What is said of a host that accepts no connection in time, and what to do about it."""
    what = f"{host} does not accept a connection within {seconds:g} s"
    return what, "Check that the server runs, and firewalls in between."


def refusal(error: OSError, host: str, timeout: float) -> tuple[str, str]:
    """What a connection met, and what to do about it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        what, hint = _CERTIFICATES.get(error.verify_code, (f"is refused: {error.verify_message}", "Mend it."))
        return f"the certificate of {host} {what}", hint
    if isinstance(error, ssl.SSLError):
        return (
            f"{host} does not speak TLS there: {error.reason or error}",
            "Check the port, and http or https.",
        )
    if isinstance(error, TimeoutError):
        return unheard(host, timeout)
    return (
        f"nothing answers at {host}: {error.strerror or error}",
        "Check that the server runs, and its port.",
    )
