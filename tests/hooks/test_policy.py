"""Which addresses may be called, when a delivery is tried again, how a body is signed."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta
from ipaddress import ip_network

import pytest

from o2c.hooks.policy import GIVE_UP_AFTER, Target, TargetRefused, is_public, next_try, signature, target_of
from o2c.shared.calendar import PARIS

AT = datetime(2026, 11, 26, 9, 0, tzinfo=PARIS)


@pytest.mark.parametrize(
    "url",
    [
        "", "erp.example.com/hooks", "ftp://erp.example.com/", "file:///etc/passwd", "gopher://x/", "https://",
        "https:///path", "https://user@erp.example.com/", "https://user:pass@erp.example.com/",
        "https://erp.example.com/#part", "https://erp.example.com:99999/", "https://erp.example.com/a b",
        "https://erp.example.com\\@127.0.0.1/", "https://erp.example.com/\r\nX: 1", "https://ерп.example/",
        "https://" + "a" * 600,
    ],
)  # fmt: skip
def test_what_is_no_address_of_a_receiver_is_refused(url: str):
    with pytest.raises(TargetRefused):
        target_of(url)


def test_an_address_is_read_in_its_parts():
    assert target_of("https://erp.example.com/hooks?key=1") == Target(
        "https", "erp.example.com", 443, "/hooks?key=1"
    )
    assert target_of("http://erp.example.com:8080").authority == "erp.example.com:8080"
    assert target_of("http://[2001:4860::1]/").authority == "[2001:4860::1]"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0",
        "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1",
        "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2002:a9fe:a9fe::1",
        "2001:0:4136:e378:8000:63bf:80ff:fffe",
    ],
)  # fmt: skip
def test_private_loopback_and_disguised_addresses_are_refused(address: str):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "8.8.8.8", "2606:4700:4700::1111"])
def test_addresses_of_the_public_internet_may_be_called(address: str):
    assert is_public(address)


def test_a_network_that_is_allowed_is_allowed_and_no_other():
    allowed = (ip_network("10.1.0.0/16"),)
    assert is_public("10.1.2.3", allowed)
    assert is_public("::ffff:10.1.2.3", allowed)
    assert not is_public("10.2.0.1", allowed)


def test_pauses_grow_and_end_after_a_day():
    now, tries, pauses = AT, 0, []
    while (again := next_try(AT, tries + 1, now)) is not None:
        pauses.append(again - now)
        now, tries = again, tries + 1
    assert pauses[:4] == [timedelta(seconds=30 * 2**n) for n in range(4)]
    assert pauses == sorted(pauses)
    assert max(pauses) == timedelta(hours=4)
    assert AT + timedelta(hours=18) < now <= AT + GIVE_UP_AFTER


def test_the_signature_is_that_of_the_standard_library():
    assert signature("s3cret", b"{}") == hmac.new(b"s3cret", b"{}", hashlib.sha256).hexdigest()
