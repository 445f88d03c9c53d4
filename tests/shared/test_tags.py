"""What the tags draw."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django import forms
from django.template import Context, Template
from django.utils import translation

from o2c.shared.fields import MoneyField

NBSP = "\u00a0"


def draw(source: str, **context: Any) -> str:
    return Template("{% load o2c %}" + source).render(Context(context))


def test_the_language_of_the_reader_decides_how_money_is_written() -> None:
    assert draw("{{ x|money }}", x=Decimal("12000")) == "€12,000.00"
    with translation.override("fr"):
        assert draw("{{ x|money:'USD' }}", x=Decimal("12.5")) == f"12,50{NBSP}$US"


def test_icons_are_hidden_from_screen_readers_unless_they_stand_alone() -> None:
    assert 'aria-hidden="true"' in draw("{% icon 'clock' 's' %}")
    assert "vendor/icons.svg#clock" in draw("{% icon 'clock' 's' %}")
    assert 'aria-label="Late"' in draw("{% icon 'clock' label='Late' %}")
    assert draw("{% icon '' %}") == ""


def test_states_are_never_hidden_even_when_unknown() -> None:
    assert "On hold" in draw("{% status 'on_hold' %}")
    assert "Draft" in draw("{% status 'DRAFT' %}")
    assert "Over limit" in draw("{% status 'OVER_LIMIT' %}")
    assert "brand_new" in draw("{% status 'brand_new' %}")
    assert "&lt;b&gt;" in draw("{% status code %}", code="<b>")


def test_moments_carry_their_exact_time() -> None:
    at = datetime(2026, 11, 23, 7, 57, tzinfo=UTC)
    drawn = draw("{% time_at at %}", at=at, today=date(2026, 11, 23))
    assert drawn == (
        '<time datetime="2026-11-23T08:57:00+01:00" title="23/11/2026 08:57:00">today 08:57</time>'
    )


def test_a_wait_is_told_as_the_time_it_ends() -> None:
    now = datetime(2026, 11, 23, 8, 50)  # noqa: DTZ001 local time
    drawn = draw(
        "{% moment_after wait as until %}{{ until|date:'H:i' }}", wait=timedelta(minutes=15), now=now
    )
    assert drawn == "09:05"
    assert draw("{% moment_after wait as until %}{{ until }}", wait=None, now=now) == "None"


def test_an_element_is_drawn_only_when_it_holds_something() -> None:
    assert draw("{% filled div act %} \n {% endfilled %}") == ""
    assert draw("{% filled div act %}x{% endfilled %}") == '<div class="act">x</div>'
    assert "o-g side" not in draw("{% columns %}main{% side %} {% endcolumns %}")
    assert "<aside" in draw("{% columns %}main{% side %}facts{% endcolumns %}")


def test_the_exposure_bar_names_each_part_and_says_what_is_missing() -> None:
    exposure = {
        "parts": [{"code": "not_due", "label": "Not due", "amount": Decimal("46000"), "url": "/items/"}],
        "limit": Decimal("50000"),
        "order": Decimal("12000"),
    }
    drawn = draw("{% exposure_bar exposure %}", exposure=exposure)
    assert 'href="/items/" aria-label="Not due €46,000.00"' in drawn
    assert "Limit €50,000.00" in drawn
    assert "+ €8,000.00" in drawn
    assert "With the order €58,000.00" in drawn
    assert "style=" not in drawn


def test_a_field_ties_its_notes_to_the_box() -> None:
    class Question(forms.Form):
        amount = MoneyField(label="Amount", help_text="All taxes included.")

    drawn = draw("{% field form.amount %}{% form_errors form %}", form=Question({"amount": "x"}))
    assert 'aria-describedby="id_amount_help id_amount_error"' in drawn
    assert 'aria-invalid="true"' in drawn
    assert 'id="id_amount_error"' in drawn
    assert '<a class="o-u" href="#id_amount">Amount</a>' in drawn
    assert '<span class="u">€</span>' in drawn


@pytest.mark.parametrize(("state", "asks"), [("running", True), ("queued", True), ("done", False)])
def test_a_progress_line_asks_again_only_while_work_runs(state: str, asks: bool) -> None:
    job = SimpleNamespace(pk=3, state=state, done=1240, total=4218, message="Reading", result_url="/file/")
    drawn = draw("{% progress job '/jobs/3/' %}", job=job)
    assert ('hx-trigger="every 2s"' in drawn) is asks
    assert "1,240 of 4,218" in drawn
    assert ("/file/" in drawn) is not asks


def test_a_chart_has_its_figures_as_a_table() -> None:
    spec = {
        "type": "line",
        "labels": ["Oct", "Nov"],
        "sets": [{"label": "DSO", "data": [57.4, 58]}],
        "unit": "days",
    }
    drawn = draw("{% chart 'dso' spec 'DSO over two months' %}", spec=spec)
    assert '<script id="dso" type="application/json">' in drawn
    assert '<td class="r">57.4</td>' in drawn


def test_breadcrumbs_and_initials() -> None:
    assert draw("{% crumbs 'Clients' '/c/' code %}", code="<C1>") == (
        '<p class="o-crumb"><a href="/c/">Clients</a> › &lt;C1&gt;</p>'
    )
    assert draw("{{ 'Hélène de Carpentier'|initials }}{{ 'adv'|initials }}{{ ''|initials }}") == "HCAD"
