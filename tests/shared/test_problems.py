from __future__ import annotations

import pickle

import pytest
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from o2c.shared.problems import Conflict, Invalid, NotAllowed, NotFound, Refusal, RuleRefused


class HoldAlreadyLifted(Conflict):
    code = "hold_already_lifted"
    message = _("Somebody has lifted this hold already.")


@pytest.mark.parametrize(
    ("refusal", "status", "code"),
    [
        (Invalid, 400, "invalid"),
        (NotAllowed, 403, "not_allowed"),
        (NotFound, 404, "not_found"),
        (Conflict, 409, "conflict"),
        (RuleRefused, 422, "rule_refused"),
    ],
)
def test_each_kind_of_refusal_has_its_status_and_word(refusal, status, code):
    assert (refusal.status, refusal().code) == (status, code)


def test_a_refusal_of_an_application_brings_its_own_words():
    with translation.override("en"):
        refusal = HoldAlreadyLifted()
        assert (refusal.status, refusal.code, str(refusal)) == (
            409,
            "hold_already_lifted",
            "Somebody has lifted this hold already.",
        )


def test_a_refusal_carries_what_the_screen_needs():
    refusal = NotAllowed(
        "Above your authority.",
        code="authority_exceeded",
        errors={"amount": ["too high"]},
        findings=[{"code": "OVER_LIMIT"}],
        required_role="credit_manager",
    )
    assert str(refusal) == "Above your authority."
    assert refusal.code == "authority_exceeded"
    assert refusal.errors == {"amount": ["too high"]}
    assert refusal.findings == ({"code": "OVER_LIMIT"},)
    assert refusal.required_role == "credit_manager"
    assert NotAllowed.code == "not_allowed"


def test_a_refusal_survives_the_way_from_a_worker():
    refusal = pickle.loads(pickle.dumps(Refusal("No.", code="closed_period", required_role="accountant")))
    assert (str(refusal), refusal.code, refusal.required_role) == ("No.", "closed_period", "accountant")
