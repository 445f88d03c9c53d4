"""The written policy on screen and on paper: what each person reads, writes, publishes, acknowledges and exports."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Company, CustomerAccount, User
from credit.models import CreditPolicyDraft, CreditPolicyVersion, DraftArticle, PolicyAcknowledgement
from credit.written.services import fingerprint
from o2c.shared.calendar import paris_date
from orders.models import Order
from orders.services import request_override
from tests.factories.accounts import CompanyFactory, make_user
from tests.factories.orders import submitted
from tests.factories.policies import begun, published


def signed_in(user: User, language: str = "en") -> Client:
    browser = Client(headers={"accept-language": language})
    browser.force_login(user)
    return browser


def text_of(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status, answer.status_code
    return " ".join(answer.content.decode().split())


@pytest.fixture
def version(company: Company, director: User) -> CreditPolicyVersion:
    at = timezone.now() - timedelta(days=30)
    return published(company, by=director, at=at, began=paris_date(at))


def edited(row: DraftArticle, **changes: str) -> dict[str, Any]:
    names = ("title_fr", "title_en", "text_fr", "text_en", "why_fr", "why_en")
    return {name: getattr(row, name) for name in names} | {"seen": row.edition} | changes


def test_until_one_is_published_the_text_offered_is_read_as_such(company: Company, rep: User, manager: User):
    page = text_of(signed_in(rep).get("/credit/policy/"))
    assert "nobody has put it in force yet" in page
    assert 'id="a4-4"' in page
    assert "Start from this text" not in page
    assert "Start from this text" in text_of(signed_in(manager).get("/credit/policy/"))


def test_the_text_says_what_the_settings_are_and_who_may_changes_them(
    version: CreditPolicyVersion, rep: User, director: User
):
    page = text_of(signed_in(rep).get("/credit/policy/"))
    assert "late by more than 30 days (class A), 20 days (class B), 15 days (class C)" in page
    assert "Change the setting" not in page
    assert 'href="/credit/limit-rules/">Change the setting' in text_of(
        signed_in(director).get("/credit/policy/")
    )
    french = text_of(signed_in(rep, "fr").get("/credit/policy/"))
    assert "30 jours (classe A), 20 jours (classe B), 15 jours (classe C)" in french


def test_one_click_acknowledges_once(version: CreditPolicyVersion, rep: User):
    browser = signed_in(rep)
    assert "I have read it" in text_of(browser.get("/credit/policy/1/"))
    assert "Version 1: to read and acknowledge" in text_of(browser.get("/"))
    browser.post("/credit/policy/1/acknowledge/")
    page = text_of(browser.get("/credit/policy/1/"))
    assert ("I have read it" in page, "You acknowledged version 1" in page) == (False, True)
    assert "to read and acknowledge" not in text_of(browser.get("/"))
    again = browser.post("/credit/policy/1/acknowledge/", follow=True)
    assert "You have acknowledged this version already." in text_of(again)
    assert PolicyAcknowledgement.objects.count() == 1


def test_an_auditor_reads_and_is_asked_for_nothing(version: CreditPolicyVersion, auditor: User):
    browser = signed_in(auditor)
    assert "I have read it" not in text_of(browser.get("/credit/policy/"))
    assert browser.post("/credit/policy/1/acknowledge/").status_code == 403


@pytest.mark.parametrize("page", ["", "pdf/", "differences/", "readers/"])
def test_another_companys_version_does_not_exist(
    company: Company, version: CreditPolicyVersion, manager: User, director: User, page: str
):
    published(CompanyFactory(code="OTHER"), by=director, at=timezone.now(), number=7)
    assert signed_in(manager).get(f"/credit/policy/7/{page}").status_code == 404
    assert signed_in(manager).post("/credit/policy/7/acknowledge/").status_code == 404


def test_a_version_is_written_published_and_compared(
    company: Company, version: CreditPolicyVersion, manager: User, director: User
):
    writer = signed_in(manager)
    writer.post("/credit/policy/draft/start/")
    row = DraftArticle.objects.get(number="4.15")
    page = text_of(writer.get("/credit/policy/draft/4.15/"))
    assert "{overdue_days}" in page
    writer.post("/credit/policy/draft/4.15/", edited(row, text_en="Broken promises hold nothing."))
    page = text_of(writer.get("/credit/policy/draft/"))
    assert "1 article differs" in page
    assert "Publish this version" not in page
    assert writer.post("/credit/policy/draft/publish/", {}).status_code == 403

    publisher = signed_in(director)
    assert "Publish this version" in text_of(publisher.get("/credit/policy/draft/"))
    asked = {"change": "Promises", "seen": fingerprint(CreditPolicyDraft.objects.get())}
    late = publisher.post("/credit/policy/draft/publish/", {**asked, "effective_on": "01/01/2020"})
    assert "not put in force for days gone by" in text_of(late, 422)
    day = paris_date(timezone.now()) + timedelta(days=3)
    done = publisher.post("/credit/policy/draft/publish/", {**asked, "effective_on": f"{day:%d/%m/%Y}"})
    assert done.headers["Location"] == "/credit/policy/2/"

    assert "Published, not yet in force" in text_of(publisher.get("/credit/policy/2/"))
    assert "version 2, in force from" in text_of(publisher.get("/credit/policy/")).lower()
    page = text_of(publisher.get("/credit/policy/2/differences/"))
    assert "<ins>" in page
    assert "From version 1 to version 2" in page
    assert "From version 1 to version 2" in text_of(publisher.get("/credit/policy/1/differences/?with=2"))
    assert publisher.get("/credit/policy/2/differences/?with=9").status_code == 404
    assert "The first version" in text_of(publisher.get("/credit/policy/1/differences/"))
    french = text_of(signed_in(director, "fr").get("/credit/policy/2/differences/"))
    assert "<ins>" not in french.partition("o-policy")[2]


def test_the_second_to_keep_an_article_sees_both_texts_and_loses_none(
    company: Company, version: CreditPolicyVersion, manager: User, director: User
):
    begun(company, by=manager, at=timezone.now())
    row = DraftArticle.objects.get(number="4.2")
    signed_in(manager).post("/credit/policy/draft/4.2/", edited(row, text_en="Mine is first."))
    second = signed_in(director)
    page = text_of(second.post("/credit/policy/draft/4.2/", edited(row, text_en="Theirs is second.")), 409)
    assert "yours is not lost" in page
    assert "<del>Mine</del><ins>Theirs</ins>" in page
    assert "Theirs is second.</textarea>" in page
    assert 'name="seen" value="2"' in page
    row.refresh_from_db()
    assert row.text_en == "Mine is first."
    second.post("/credit/policy/draft/4.2/", edited(row, text_en="Theirs is second."))
    row.refresh_from_db()
    assert row.text_en == "Theirs is second."


def test_mistakes_in_an_article_keep_what_was_typed(company: Company, manager: User):
    begun(company, by=manager, at=timezone.now())
    row = DraftArticle.objects.get(number="4.2")
    browser = signed_in(manager)
    page = text_of(browser.post("/credit/policy/draft/4.2/", edited(row, text_en="See {nothing}.")), 400)
    assert "There is no such setting: nothing." in page
    assert "See {nothing}.</textarea>" in page
    assert "nothing changes" in text_of(browser.post("/credit/policy/draft/4.2/", edited(row)), 409)
    assert browser.get("/credit/policy/draft/4.99/").status_code == 404


def test_an_article_of_ones_own_is_added_and_left_out(company: Company, manager: User):
    begun(company, by=manager, at=timezone.now())
    browser = signed_in(manager)
    assert "Add an article" in text_of(browser.get("/credit/policy/draft/"))
    assert "Settings shown beside it" in text_of(browser.get("/credit/policy/draft/add/"))
    words = edited(DraftArticle.objects.get(number="4.2"), title_en="Our own")
    taken = browser.post("/credit/policy/draft/add/", {**words, "number": "4.2"})
    assert "There is an article of this number already." in text_of(taken, 422)
    browser.post("/credit/policy/draft/add/", {**words, "number": "4.17", "setting": "overdue"})
    assert "4.17 Our own" in text_of(browser.get("/credit/policy/draft/"))
    assert "Leave the article out" in text_of(browser.get("/credit/policy/draft/4.17/"))
    assert "Leave the article out" not in text_of(browser.get("/credit/policy/draft/4.2/"))
    kept = browser.post("/credit/policy/draft/4.2/leave-out/", follow=True)
    assert "It stays" in text_of(kept)
    gone = browser.post("/credit/policy/draft/4.17/leave-out/", follow=True)
    assert "4.17 Our own" not in text_of(gone)


def test_there_is_no_draft_to_open_and_a_second_start_goes_on_with_the_first(
    company: Company, manager: User, director: User
):
    browser = signed_in(manager)
    for address in ("draft/", "draft/4.2/"):
        assert browser.get(f"/credit/policy/{address}").status_code == 404
    assert browser.post("/credit/policy/draft/discard/").status_code == 404
    assert signed_in(director).post("/credit/policy/draft/publish/", {}).status_code == 404
    browser.post("/credit/policy/draft/start/")
    again = browser.post("/credit/policy/draft/start/", follow=True)
    assert "being written already" in text_of(again)
    assert "The draft is given up" in text_of(browser.post("/credit/policy/draft/discard/", follow=True))


def test_who_has_read_it_by_role_on_screen_and_in_a_file(
    company: Company, version: CreditPolicyVersion, manager: User, director: User, rep: User, auditor: User
):
    signed_in(rep).post("/credit/policy/1/acknowledge/")
    address = "/credit/policy/1/readers/"
    page = text_of(signed_in(auditor).get(address))
    assert "1 of 3 people have acknowledged it" in page
    assert "Sales rep" in page
    names = [
        row.user.username for row in signed_in(manager).get(f"{address}?state=unread").context["table"].data
    ]
    assert sorted(names) == ["credit", "finance"]
    read = signed_in(manager).get(f"{address}?state=read&role=sales&q={rep.username}").context["table"].data
    assert [row.user.username for row in read] == ["sales"]
    file = b"".join(signed_in(manager).get(f"{address}?export=csv")).decode("utf-8-sig")
    assert file.splitlines()[0].startswith("Name;User name;Role;State;Acknowledged on")
    assert ";Not yet;" in file
    assert signed_in(rep).get(address).status_code == 403


@pytest.mark.parametrize(("language", "words"), [("fr", "Politique de crédit"), ("en", "Credit policy")])
def test_the_policy_on_paper_in_both_languages(
    version: CreditPolicyVersion, rep: User, language: str, words: str, tmp_path: Any
):
    answer = signed_in(rep).get(f"/credit/policy/1/pdf/?language={language}")
    assert answer["Content-Type"] == "application/pdf"
    (tmp_path / "policy.pdf").write_bytes(answer.content)
    found = subprocess.run(["pdftotext", str(tmp_path / "policy.pdf"), "-"], capture_output=True, check=True)
    pages = found.stdout.decode()
    assert words in pages
    assert "4.16" in pages
    assert "{" not in pages


# --- quoted ---


def test_every_place_that_says_why_quotes_the_article_of_its_version(
    company: Company,
    account: CustomerAccount,
    version: CreditPolicyVersion,
    manager: User,
    director: User,
    rep: User,
):
    adv = make_user("adv_officer", company, "adv")
    order = submitted(account, "1500", by=adv)
    quote = 'href="/credit/policy/1/#a4-2"'
    # A later version does not change what was said under the first.
    published(company, by=director, at=timezone.now(), number=2)
    page = text_of(signed_in(rep).get(f"/orders/{order.number}/"))
    assert quote in page
    assert "art. 4.2 · Over the limit" in page
    assert "The limit is what we can lose" in page
    assert "Taken under version 1 of the credit policy" in page
    later = quote.replace("/1/", "/2/")
    asked = signed_in(rep).get("/credit/can-i-sell/", {"client": account.code, "amount": "1500"})
    assert later in text_of(asked)
    panel = signed_in(rep).get(f"/clients/{account.code}/part/sell/", {"amount": "1500"})
    assert later in text_of(panel)
    request_override(order_id=order.pk, reason="asked", by=adv, at=timezone.now())
    assert later in text_of(signed_in(manager).get("/decisions/"))
    case = Order.objects.get(pk=order.pk).cases.get()
    decide = signed_in(manager).post(reverse("orders:decide"), {"ids": [case.pk], "action": "release"})
    assert later in text_of(decide)


def test_without_a_published_policy_the_text_offered_is_quoted(
    company: Company, account: CustomerAccount, rep: User
):
    order = submitted(account, "1500", by=make_user("adv_officer", company, "adv"))
    page = text_of(signed_in(rep).get(f"/orders/{order.number}/"))
    assert 'href="/credit/policy/#a4-2"' in page
    assert "Taken under version" not in page
