"""Delivery reports are read whoever wrote them; what is none is said to be none, and nothing breaks."""

from __future__ import annotations

import random
from contextlib import suppress

import pytest

from o2c.shared import bounces
from o2c.shared.bounces import Action, NotAReport

from .reports import report

DAMAGED = [
    b"",
    b"\x00" * 5000,
    b"\xff\xfe\x00",
    b"Subject: away\n\nI am on holiday until Monday.",
    b"Content-Type: multipart/report; boundary=\n\n--\n",
    b"Content-Type: message/delivery-status\n\n",
    b"Content-Type: message/delivery-status\n\nAction: failed\n",
    b"Content-Type: text/plain; charset*0*=x''%\n\n",
    b"Content-Type: multipart/mixed; boundary=" + b"a" * 70_000 + b"\n\n--" + b"a" * 70_000,
]


def test_a_report_is_read() -> None:
    found = bounces.read(report(7))
    (said,) = found.reports
    assert (said.recipient, said.action, said.code) == ("billing@client.test", Action.FAILED, "5.1.1")
    assert said.text == "550 5.1.1 user unknown"
    assert found.message_ids[0].startswith("<outbox-7-")


@pytest.mark.parametrize(
    ("code", "hard"),
    [
        ("5.1.1", True), ("5.1.10", True), ("5.2.1", True), ("5.4.4", True), ("5.0.0", True),
        ("5.2.2", False), ("5.3.4", False), ("5.7.1", False), ("4.4.7", False), ("", False),
    ],
)  # fmt: skip
def test_hard_is_what_the_address_will_never_take(code: str, hard: bool) -> None:
    (said,) = bounces.read(report(7, code=code, text="no")).reports
    assert said.is_hard is hard


def test_the_code_is_taken_from_the_words_where_the_status_has_none() -> None:
    (said,) = bounces.read(report(7, code="", text="554 delivery error: 5.1.2 no such domain")).reports
    assert said.code == "5.1.2"


def test_heads_alone_and_answers_name_the_message() -> None:
    heads = report(7).replace(b"message/rfc822\n", b"text/rfc822-headers\n")
    assert bounces.read(heads).message_ids[0].startswith("<outbox-7-")
    without = report(7, name="<x@y>").replace(
        b"MIME-Version", b"References: <outbox-9-abc@o2c>\nMIME-Version", 1
    )
    assert "<outbox-9-abc@o2c>" in bounces.read(without).message_ids


def test_each_recipient_has_its_report() -> None:
    two = report(7).replace(
        b"\n--here\nContent-Type: message/rfc822",
        b"\nFinal-Recipient: rfc822;<OTHER@client.test>\nAction: Delivered\nStatus: 2.0.0\n"
        b"\n--here\nContent-Type: message/rfc822",
    )  # fmt: skip
    assert [(each.recipient, each.action) for each in bounces.read(two).reports] == [
        ("billing@client.test", Action.FAILED),
        ("other@client.test", Action.DELIVERED),
    ]


@pytest.mark.parametrize("content", DAMAGED)
def test_what_is_none_is_said_to_be_none(content: bytes) -> None:
    with pytest.raises(NotAReport):
        bounces.read(content)


def test_parts_within_parts_without_end_are_not_followed() -> None:
    deep = b"".join(
        b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (depth, depth) for depth in range(5000)
    )
    with pytest.raises(NotAReport):
        bounces.read(deep)


def test_of_a_long_one_the_head_is_read() -> None:
    long = report(7).replace(b"Please find attached", b"x" * 3_000_000)
    assert len(bounces.read(long).reports) == 1


def test_what_a_server_says_fits_the_database() -> None:
    (said,) = bounces.read(report(7, text="a\x00b\x1b[31m" + "c" * 5000)).reports
    assert len(said.text) <= 500
    assert not {"\x00", "\x1b"} & set(said.text)


def test_nothing_that_is_cut_or_mixed_up_breaks() -> None:
    whole, chance = report(7), random.Random(3)
    for _number in range(300):
        broken = bytearray(whole)
        for _spot in range(chance.randrange(1, 20)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        cut = bytes(broken[: chance.randrange(len(broken))])
        for content in (bytes(broken), cut):
            with suppress(NotAReport):
                bounces.read(content)
