"""Addresses: which of them somebody else's URL may lead to."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volant.core.addresses import Allowed, check_address, is_public
from volant.core.errors import BadInput

CLOSED = [
    "127.0.0.1", "127.9.9.9", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192", "198.18.0.1", "224.0.0.1",
    "239.255.255.250", "240.0.0.1", "255.255.255.255", "203.0.113.9",
    "::", "::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "fe80::1",
    "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2002:7f00:1::", "2001::1", "2001:db8::1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "3fff::1", "100::1",
]  # fmt: skip
OPEN = ["1.1.1.1", "93.184.215.14", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450:4001::5",
        "::ffff:1.1.1.1", "64:ff9b::101:101"]  # fmt: skip


@pytest.mark.parametrize("address", CLOSED)
def test_what_is_not_public_is_refused(address: str) -> None:
    with pytest.raises(BadInput) as error:
        check_address(address)
    assert error.value.code == "url_not_allowed"


@pytest.mark.parametrize("address", OPEN)
def test_what_is_public_is_allowed(address: str) -> None:
    check_address(address)


@pytest.mark.parametrize("text", ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "localhost", "", "1.1.1.1:80"])
def test_only_addresses_in_their_usual_form_are_looked_at(text: str) -> None:
    with pytest.raises(BadInput):
        check_address(text)


@given(st.ip_addresses(v=4))
def test_python_s_list_and_ours_agree_where_python_says_no(address: ipaddress.IPv4Address) -> None:
    if not address.is_global or address.is_multicast or address.is_reserved:
        assert not is_public(address) or str(address) in ("192.0.0.9", "192.0.0.10")
    assert is_public(address) == is_public(ipaddress.IPv6Address(f"::ffff:{address}"))


@given(st.ip_addresses(v=6))
def test_no_ipv6_address_is_public_that_python_calls_private(address: ipaddress.IPv6Address) -> None:
    if address.is_private or address.is_multicast or address.is_link_local or address.is_loopback:
        assert not is_public(address)


def test_the_operator_names_networks_addresses_and_hosts() -> None:
    allow = Allowed.parse(["10.1.0.0/16", "127.0.0.1", "fd00::/8", "images.internal", "*.pics.example"])
    check_address("10.1.2.3", allow)
    check_address("127.0.0.1", allow)
    check_address("::ffff:10.1.2.3", allow)
    check_address("fd12::1", allow)
    check_address("192.168.0.1", allow, host="Images.Internal.")
    check_address("192.168.0.1", allow, host="a.b.pics.example")
    for address, host in (
        ("10.2.0.1", ""),
        ("127.0.0.2", ""),
        ("192.168.0.1", "pics.example"),
        ("192.168.0.1", "evilpics.example"),
        ("192.168.0.1", "images.internal.evil.example"),
        ("192.168.0.1", "x.images.internal"),
    ):
        with pytest.raises(BadInput):
            check_address(address, allow, host=host)


@pytest.mark.parametrize(
    "entry", ["", "*", "a b", "http://x", "x/y", "10.0.0.0/33", "0x7f.1", "2130706433", "127.1", "a..b"]
)
def test_an_entry_that_names_nothing_is_refused(entry: str) -> None:
    with pytest.raises(ValueError, match="is no"):
        Allowed.parse([entry])
