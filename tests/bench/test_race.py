"""The benchmark ``race`` on a small book, with real processes: exactly one is admitted, nobody sees an error."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils import timezone

from credit.enums import Level
from invoicing.models import Allocation, Invoice
from o2c.bench import drafts, fleet, load, race
from o2c.reports.proofs import differences
from o2c.shared.calendar import paris_date

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _few(monkeypatch):
    monkeypatch.setattr(race, "CLIENTS", (3,))
    monkeypatch.setattr(load, "CROWD", 3)
    monkeypatch.setattr(load, "_CROWDS", (3,))
    monkeypatch.setattr(load, "_EACH", 2)


def test_exactly_one_order_is_admitted_at_every_level_also_beside_other_acts(small, printed):
    race.run(small)
    for title in ("race: orders for the last of a limit", "race: orders for the last of a limit, beside"):
        rows = [row.split()[:5] for row in printed.table(title)]
        assert rows == [[level, "3", "1", "1", "0"] for level in ("account", "entity", "group")]
    crowd, waits = printed.table("race: confirmations of one client")
    assert crowd.count("/s") == 3
    assert waits == "waits for another client's lock: 0"
    assert len(printed.table("race: other clients' confirmations")) == 1
    # What moved beside the races was real, and the book is sound.
    assert Invoice.objects.filter(origin="issued").count() == 3
    assert Allocation.objects.filter(credit__document__startswith="race-").count() == 3
    assert list(differences(today=paris_date(timezone.now()))) == []


def test_more_room_than_one_order_is_noticed(small, printed, monkeypatch):
    monkeypatch.setattr(race, "_ROOM", Decimal("1300.00"))
    small.book()
    ground = race._field(small, Level.ACCOUNT)
    with fleet.fleet(3) as ships:
        race._races(small, ships, [ground], beside=False)
    assert "{2: 1}" in printed.table("race: orders for the last")[0]
    assert small.report.close() is False


def test_what_goes_wrong_in_a_process_reaches_the_one_who_asked(small):
    small.book()
    with fleet.fleet(2) as ships:
        outcomes = ships.at_once([(drafts.submit, (0, small.member("adv"))), (drafts.confirmed, ([],))])
        assert outcomes[0].error.startswith("DoesNotExist")
        assert (outcomes[1].value, outcomes[1].error) == (0, "")
        with pytest.raises(RuntimeError, match="DoesNotExist"):
            load._all_well(outcomes)


def test_the_rate_counts_from_the_first_start_to_the_last_end():
    outcomes = [fleet.Outcome(None, "", 1.0, 2.0), fleet.Outcome(None, "", 1.5, 3.0)]
    assert fleet.throughput(outcomes, 10) == 5.0
