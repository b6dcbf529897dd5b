"""SigV4: sign a request to an Amazon service. Pure; the clock and the credentials come in.

Source: AWS, "Create a signed AWS API request" (Signature Version 4, HTTP authorization header), read November 2026.
Checked against AWS's published test suite and against botocore.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote

from volant.core.errors import BadInput
from volant.providers.http import Origin

_ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True)
class Credentials:
    """An access key. `token`: of a session."""

    access_key: str
    secret_key: str = field(repr=False)
    token: str = field(default="", repr=False)


def credentials_of(api_key: str) -> Credentials | None:
    """The access key in `ACCESS:SECRET` or `ACCESS:SECRET:TOKEN`; None: it is a Bedrock API key, sent as a Bearer.

    Raises BadInput `bad_credentials` where a part is empty.
    """
    if ":" not in api_key:
        return None
    parts = api_key.split(":", 2)
    if not all(parts):
        raise BadInput(
            "bad_credentials",
            "the AWS credentials have an empty part",
            hint="write ACCESS_KEY_ID:SECRET_ACCESS_KEY, and :SESSION_TOKEN after it where there is one",
        )
    return Credentials(*parts)


def sign(
    method: str,
    origin: Origin,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
    region: str,
    service: str,
    credentials: Credentials,
    now: datetime,
) -> list[bytes]:
    """The header lines that a request needs beside its own, each ended by CR LF.

    `path` is as it goes over the wire, with its query; `headers` are those that are signed beside the host and ours,
    by lower-case name; `now` is aware of its zone.
    """
    moment = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    payload = hashlib.sha256(body).hexdigest()
    own = {"x-amz-date": moment, "x-amz-content-sha256": payload}
    if credentials.token:
        own["x-amz-security-token"] = credentials.token
    signed = {**headers, "host": origin.authority, **own}
    own["authorization"] = authorization(method, path, signed, payload, region, service, credentials, moment)
    return [f"{name}: {value}\r\n".encode("latin-1") for name, value in own.items()]


def authorization(
    method: str,
    path: str,
    headers: Mapping[str, str],
    payload: str,
    region: str,
    service: str,
    credentials: Credentials,
    moment: str,
) -> str:
    """The Authorization header. `payload` is the hash of the body, `moment` as in x-amz-date."""
    names = ";".join(sorted(headers))
    scope = f"{moment[:8]}/{region}/{service}/aws4_request"
    canonical = _canonical(method, path, headers, names, payload)
    to_sign = "\n".join([_ALGORITHM, moment, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = ("AWS4" + credentials.secret_key).encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, to_sign.encode(), "sha256").hex()
    return f"{_ALGORITHM} Credential={credentials.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"


def _canonical(method: str, path: str, headers: Mapping[str, str], names: str, payload: str) -> str:
    place, _, query = path.partition("?")
    pairs = sorted((_quoted(name), _quoted(value)) for name, value in parse_qsl(query, keep_blank_values=True))
    lines = "".join(f"{name}:{' '.join(headers[name].split())}\n" for name in sorted(headers))
    return "\n".join(
        [
            method,
            quote(place or "/", safe="/-_.~"),  # a second time: what is encoded on the wire is text here
            "&".join(f"{name}={value}" for name, value in pairs),
            lines,
            names,
            payload,
        ]
    )


def _quoted(text: str) -> str:
    return quote(text, safe="-_.~")
