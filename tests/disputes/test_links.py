"""A colleague without an account answers a dispute through a link: what it opens, what it refuses."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.signing import Signer
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from disputes import services
from disputes.models import Dispute, DisputeEvidence, ResolverLink, ResolverLinkAct
from disputes.services import links
from invoicing.models import Invoice
from o2c.shared import link_pages
from o2c.shared.files import ReceivedFile
from o2c.shared.links import LinkEnded
from o2c.shared.models import AuditEvent, OutboxMessage
from o2c.shared.problems import NotAllowed
from tests.factories.accounts import make_user
from tests.factories.invoicing import make_invoice

from .build import opened, qualified

pytestmark = pytest.mark.django_db
NOW = timezone.now()
NOTE = ReceivedFile(name="bon.pdf", content=b"%PDF-1.4 note", content_type="application/pdf")


@pytest.fixture(autouse=True)
def _no_counts() -> None:
    cache.clear()


@pytest.fixture
def case(invoice: Invoice, adv: User, logistics: User) -> Dispute:
    made = qualified(invoice, by=adv, owner=logistics, at=NOW)
    services.comment_on(dispute_id=made.pk, text="", files=(NOTE,), by=adv, at=NOW)
    return Dispute.objects.get(pk=made.pk)


def sent(case: Dispute, by: User, **fields: Any) -> tuple[ResolverLink, str]:
    """A link and the path it opens."""
    given = {"name": "Léa Martin", "email": "lea@quality.test", "language": "en"} | fields
    link = links.send_link(dispute_id=case.pk, by=by, at=NOW, **given)
    mail = OutboxMessage.objects.get(kind=links.KIND, key=f"case-link:{link.pk}")
    (path,) = re.findall(r"http\S+(/case/\S+/)", mail.text)
    assert (mail.to, mail.about_id) == (given["email"], case.pk)
    return link, path


def visitor() -> Client:
    return Client(headers={"accept-language": "en"})


def text(answer: Any) -> str:
    return str(answer.content.decode())


def post(path: str, part: str, **body: Any) -> Any:
    return visitor().post(f"{path}{part}/", {"key": str(uuid4())} | body)


def whys() -> list[str]:
    rows = AuditEvent.objects.filter(action="link.refused").order_by("pk")
    return [str((event.after or {})["why"]) for event in rows]


def test_facts_clock_answer_evidence_and_proposal(case: Dispute, adv: User, logistics: User):
    link, path = sent(case, logistics)
    page = visitor().get(path)
    for words in (
        case.number,
        "400.00",
        "Two pallets are missing.",
        "bon.pdf",
        "Accept for",
        "Send your answer",
    ):
        assert words in text(page)
    assert page["Referrer-Policy"] == "no-referrer"

    assert post(path, "accept").status_code == 302
    proof = SimpleUploadedFile("photo.pdf", b"%PDF-1.4 photo")
    assert post(path, "answer", text="Picked 8 of 10.", evidence=[proof]).status_code == 302
    assert post(path, "propose", proposal="Credit two pallets").status_code == 302
    case.refresh_from_db()
    assert (case.status, case.proposal) == ("PROPOSED", "Credit two pallets")
    assert case.accepted_at is not None
    file = DisputeEvidence.objects.get(name="photo.pdf")
    got: Any = visitor().get(f"{path}evidence/{file.pk}/")
    assert b"".join(got.streaming_content) == b"%PDF-1.4 photo"
    acted = AuditEvent.objects.filter(actor=f"dispute-link:{link.pk}").order_by("pk")
    assert list(acted.values_list("action", flat=True)) == [
        "link.opened", "dispute.accepted", "dispute.commented", "dispute.proposed", "link.document_taken",
    ]  # fmt: skip
    staff = Client(headers={"accept-language": "en"})
    staff.force_login(adv)
    assert "Léa Martin, through a link" in text(staff.get(reverse("disputes:detail", args=[case.number])))


def test_it_opens_one_dispute_and_nothing_else(case: Dispute, adv: User, logistics: User, accountant: User):
    _link, path = sent(case, logistics)
    other = opened(make_invoice(case.account, "90.00", by=accountant, at=NOW), None, by=adv, at=NOW)
    services.comment_on(dispute_id=other.pk, text="", files=(NOTE,), by=adv, at=NOW)
    assert visitor().get(f"{path}evidence/{other.evidence.get().pk}/").status_code == 404
    secret = path.split("/")[2].rsplit(".", 1)[0]
    as_client = Signer(salt="o2c.links.client", sep=".").sign(secret)
    for wrong in (
        f"/case/{secret}.x/",
        f"/case/{as_client}/",
        f"/link/{path.split('/')[2]}/",
        "/case/guess/accept/",
    ):
        assert visitor().get(wrong).status_code == 404
    assert whys() == ["of_another", *["altered"] * 4]
    assert other.number not in text(visitor().get(path))


def test_sent_twice_done_once(case: Dispute, logistics: User):
    _link, path = sent(case, logistics)
    key = str(uuid4())
    for _round in range(2):
        assert post(path, "answer", key=key, text="Twice").status_code == 302
    assert case.steps.filter(text="Twice").count() == 1
    assert ResolverLinkAct.objects.count() == 1
    assert post(path, "accept", key="none").status_code == 422


def test_what_cannot_be_done(case: Dispute, adv: User, logistics: User, manager: User):
    _link, path = sent(case, logistics)
    assert "Say something, or join a file." in text(post(path, "answer", text=""))
    assert post(path, "propose", proposal=" ").status_code == 422
    services.reject(dispute_id=case.pk, reason="Proved", root_cause="CUSTOMER_PROCESS", by=manager, at=NOW)
    assert "This dispute has ended" in text(visitor().get(path))
    for part, body in (("accept", {}), ("answer", {"text": "late"}), ("propose", {"proposal": "late"})):
        assert post(path, part, **body).status_code == 422
    with pytest.raises(links.CaseEnded):
        sent(case, manager)


def test_who_sends_and_revokes(case: Dispute, logistics: User, adv: User, company: Any, monkeypatch: Any):
    stranger = make_user("dispute_owner", company, "another")
    for by in (stranger, make_user("auditor", company)):
        with pytest.raises(NotAllowed):
            sent(case, by)
    link, path = sent(case, adv)
    with pytest.raises(NotAllowed):
        links.revoke_link(dispute_id=case.pk, link_id=link.pk, by=stranger, at=NOW)
    links.revoke_link(dispute_id=case.pk, link_id=link.pk, by=logistics, at=NOW)
    with pytest.raises(LinkEnded):
        links.revoke_link(dispute_id=case.pk, link_id=link.pk, by=logistics, at=NOW)
    assert visitor().get(path).status_code == 404
    _second, later = sent(case, adv)
    monkeypatch.setattr(link_pages.timezone, "now", lambda: NOW + timedelta(days=31))
    assert visitor().get(later).status_code == 404
    assert whys() == ["revoked", "expired"]


def test_the_database_knows_whose_it_is(case: Dispute, logistics: User):
    link, _path = sent(case, logistics)
    for wrong in ({"name": ""}, {"sent_to": ""}, {"created_by": None}):
        with pytest.raises(IntegrityError), transaction.atomic():
            ResolverLink.objects.filter(pk=link.pk).update(**wrong)


def test_sent_and_revoked_from_the_page_of_the_dispute(case: Dispute, logistics: User):
    staff = Client(headers={"accept-language": "en"})
    staff.force_login(logistics)
    page = reverse("disputes:detail", args=[case.number])
    assert "Ask somebody without an account" in text(staff.get(page))
    wrong = staff.post(
        reverse("disputes:send_link", args=[case.number]), {"name": "Léa", "email": "x", "days": "7"}
    )
    assert wrong.status_code == 422
    body = {"name": "Léa", "email": "lea@quality.test", "days": "7"}
    assert "leaves to lea@quality.test" in text(
        staff.post(reverse("disputes:send_link", args=[case.number]), body, follow=True)
    )
    link = ResolverLink.objects.get()
    staff.post(reverse("disputes:revoke_link", args=[case.number, link.pk]))
    assert "Revoked" in text(staff.get(page))
