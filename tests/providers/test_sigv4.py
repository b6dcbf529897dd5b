"""SigV4 gives what AWS's test suite and botocore give."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials
from hypothesis import given
from hypothesis import strategies as st

from volant.core.errors import BadInput
from volant.providers.http import Origin
from volant.providers.sigv4 import Credentials, authorization, credentials_of, sign

SUITE = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
MOMENT = "20150830T123600Z"
HOST = {"host": "example.amazonaws.com", "x-amz-date": MOMENT}
EMPTY = hashlib.sha256(b"").hexdigest()


@pytest.mark.parametrize(
    ("name", "method", "path", "headers", "body", "signature"),
    [
        ("get-vanilla", "GET", "/", {}, b"", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        ("post-vanilla", "POST", "/", {}, b"", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        ("post-vanilla-query", "POST", "/?Param1=value1", {}, b"",
         "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"),
        ("get-header-key-duplicate", "GET", "/", {"my-header1": "value2,value2,value1"}, b"",
         "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"),
        ("get-header-value-multiline", "GET", "/", {"my-header1": "value1,value2,value3"}, b"",
         "ba17b383a53190154eb5fa66a1b836cc297cc0a3d70a5d00705980573d8ff790"),
        ("post-x-www-form-urlencoded", "POST", "/", {"content-type": "application/x-www-form-urlencoded"},
         b"Param1=value1", "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"),
    ],
)  # fmt: skip
def test_the_published_suite(
    name: str, method: str, path: str, headers: dict[str, str], body: bytes, signature: str
) -> None:
    payload = hashlib.sha256(body).hexdigest()
    said = authorization(method, path, HOST | headers, payload, "us-east-1", "service", SUITE, MOMENT)
    assert said.startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, ")
    assert said.endswith(f"Signature={signature}")


SEGMENT = st.text(alphabet="abcXYZ019-._~:+@ /äé%", min_size=1, max_size=12).filter(lambda one: one not in (".", ".."))


@given(SEGMENT, st.binary(max_size=30), st.sampled_from(["", "session/token=="]), st.sampled_from([443, 8443]))
def test_botocore_signs_the_same(model: str, body: bytes, token: str, port: int) -> None:
    from urllib.parse import quote

    now = datetime(2026, 11, 23, 12, 0, 5, tzinfo=UTC)
    origin = Origin("bedrock-runtime.eu-west-1.amazonaws.com", port, tls=True)
    path = f"/model/{quote(model, safe='')}/converse"
    headers = {"content-type": "application/json"}
    credentials = Credentials("AKID", "secret", token)
    lines = sign("POST", origin, path, headers, body, "eu-west-1", "bedrock", credentials, now)
    ours = dict(line.decode().removesuffix("\r\n").split(": ", 1) for line in lines)
    request = AWSRequest("POST", f"https://{origin.authority}{path}", headers=headers, data=body)
    request.headers["X-Amz-Content-SHA256"] = ours["x-amz-content-sha256"]
    signer = SigV4Auth(BotoCredentials("AKID", "secret", token or None), "bedrock", "eu-west-1")
    request.context["timestamp"] = ours["x-amz-date"]
    request.headers["X-Amz-Date"] = ours["x-amz-date"]
    if token:
        request.headers["X-Amz-Security-Token"] = token
    theirs = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
    assert ours["authorization"].endswith(f"Signature={theirs}")
    assert ours.get("x-amz-security-token", "") == token


def test_keys() -> None:
    assert credentials_of("ABSKQmVkcm9ja0FQSUtleQ==") is None
    assert credentials_of("A:s/e+c") == Credentials("A", "s/e+c")
    assert credentials_of("A:s:t:o") == Credentials("A", "s", "t:o")
    assert "secret" not in repr(credentials_of("A:secret:token"))
    with pytest.raises(BadInput, match="empty part"):
        credentials_of("A:")
