"""The commands for files of one kind: what they print, what they refuse, in whose name they act."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Company, CustomerAccount, ExchangeRate, RoleGrant, User
from credit.models import FactorApproval, LegalNotice
from o2c.shared.models import AuditEvent
from orders.models import Order
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user
from tests.factories.factoring import make_agreement

pytestmark = pytest.mark.django_db


@pytest.fixture
def company() -> Company:
    return CompanyFactory(code="TEST")


def run(tmp_path: Path, name: str, *lines: str, **options: object) -> list[str]:
    path, out = tmp_path / "file.csv", StringIO()
    path.write_text("\n".join(lines))
    call_command(name, str(path), **({"company": "TEST"} | options), stdout=out)
    return out.getvalue().splitlines()


def test_a_file_is_entered_once_and_the_control_line_ties(company: Company, tmp_path: Path) -> None:
    CustomerAccountFactory(company=company, code="C1")
    lines = ("number;account;issue_date;total_incl_vat", "F1;C1;2026-01-05;10", "F2;C1;2026-01-05;-2,5")
    said = ["TEST, invoices", "lines read: 2"]
    control = "control: read 7.50 = entered 7.50, difference 0.00 EUR"
    assert run(tmp_path, "import_invoices", *lines, dry_run=True) == [
        *said,
        "would be entered: 2 new, 0 changed, 0 unchanged",
        "control: read 7.50 = would be entered 7.50, difference 0.00 EUR",
    ]
    assert run(tmp_path, "import_invoices", *lines) == [
        *said,
        "entered: 2 new, 0 changed, 0 unchanged",
        control,
    ]
    assert run(tmp_path, "import_invoices", *lines) == [
        *said,
        "entered: 0 new, 0 changed, 2 unchanged",
        control,
    ]


def test_nobody_can_sign_in_as_who_acts_for_the_command_line(company: Company, tmp_path: Path) -> None:
    CustomerAccountFactory(company=company, code="C1")
    head = "number;account;sku;description;quantity;unit_price"
    run(tmp_path, "import_orders", head, "A1;C1;X;Vanne;2;10")
    operator = User.objects.get(username="operator")
    assert (operator.has_usable_password(), operator.is_system) == (False, True)
    assert list(RoleGrant.objects.values_list("role_id", "company__code")) == [("integration", "TEST")]
    assert Order.objects.get().submitted_by == operator
    assert set(AuditEvent.objects.filter(action__startswith="order.").values_list("actor", flat=True)) == {
        "operator",
        "",  # the check holds an order by itself
    }
    make_user("adv_manager", company, "adv")
    run(tmp_path, "import_accounts", "code;name", "N1;Neu", user="adv")
    assert AuditEvent.objects.get(action="account.opened").actor == "adv"
    assert CustomerAccount.objects.filter(code="N1").exists()


def test_faults_name_line_column_and_value(company: Company, tmp_path: Path) -> None:
    head = "date;currency;units_per_eur"
    with pytest.raises(CommandError) as refused:
        run(tmp_path, "import_rates", head, "2026-01-05;USD;1,1", "05/01/26;XXQ;1,1")
    assert str(refused.value).splitlines() == [
        "line 3: date: “05/01/26” has a year of two figures",
        "line 3: currency: “XXQ” is no currency: write EUR, USD",
        "Nothing was entered.",
    ]
    with pytest.raises(CommandError, match=r"(?s)line 2: date: .*Nothing would be entered"):
        run(tmp_path, "import_rates", head, "x;USD;1,1", dry_run=True)
    assert not ExchangeRate.objects.exists()


@pytest.mark.parametrize(
    ("lines", "options", "said"),
    [
        (("date;currency;units_per_eur",), {"company": "NONE"}, "There is no company NONE."),
        (("date;currency;units_per_eur",), {"user": "nobody"}, "There is no user nobody."),
        (("date;currency;units_per_eur",), {"mapping": "nowhere.toml"}, "There is no mapping"),
        (("a;b",), {}, "No column is called “Date” \\(date\\)"),
        (("",), {}, "line 1: The file is empty."),
    ],
)
def test_what_cannot_begin_says_why(
    company: Company, tmp_path: Path, lines: tuple[str, ...], options: dict[str, object], said: str
) -> None:
    with pytest.raises(CommandError, match=said):
        run(tmp_path, "import_rates", *lines, **options)
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_rates", str(tmp_path / "none.csv"), company="TEST")


def test_cover_by_the_columns_of_the_contract(company: Company, tmp_path: Path) -> None:
    account = CustomerAccountFactory(company=company)
    head = "siren;amount;insured_pct;status;effective_on;valid_until"
    line = f"{account.siren};30000;90;PARTIAL;2026-01-01;2026-12-31"
    assert run(tmp_path, "import_cover", head, line)[2] == "entered: 1 new, 0 changed, 0 unchanged"
    (event,) = AuditEvent.objects.filter(action="cover.recorded")
    assert event.after == {
        "amount": "30000.00",
        "insured_pct": "90.00",
        "status": "PARTIAL",
        "effective_on": "2026-01-01",
        "valid_until": "2026-12-31",
    }


def test_payments_without_a_client_are_nobodys(company: Company, tmp_path: Path) -> None:
    head = "external_id;date;amount;reference"
    assert run(tmp_path, "import_payments", head, "V1;2026-11-02;12,5;?")[-1] == (
        "control: read 12.50 = entered 12.50, difference 0.00 EUR"
    )


def test_approvals_of_the_factor_by_a_command(company: Company, tmp_path: Path) -> None:
    account = CustomerAccountFactory(company=company)
    make_agreement(company)
    lines = (
        "siren;amount;currency;status;effective_on;valid_until",
        f"{account.siren};30000;EUR;APPROVED;2026-03-01;2026-12-31",
    )
    assert run(tmp_path, "import_approvals", *lines)[2] == "entered: 1 new, 0 changed, 0 unchanged"
    assert run(tmp_path, "import_approvals", *lines)[2] == "entered: 0 new, 0 changed, 1 unchanged"
    assert FactorApproval.objects.get().amount == 30000


def test_legal_notices_as_the_gazette_writes_them(company: Company, tmp_path: Path) -> None:
    account = CustomerAccountFactory(company=company)
    lines = (
        "SIREN;nature;date du jugement;date de parution;annonce",
        f"{account.siren};redressement judiciaire;03/11/2025;12/11/2025;A20250217001",
        "552100554;liquidation judiciaire;03/11/2025;12/11/2025;A20250217002",
    )
    said = ["TEST, notices", "lines read: 2"]
    unknown = "about nobody we know, left out: 1"
    assert run(tmp_path, "import_notices", *lines) == [
        *said,
        "entered: 1 new, 0 changed, 0 unchanged",
        unknown,
    ]
    assert run(tmp_path, "import_notices", *lines) == [
        *said,
        "entered: 0 new, 0 changed, 1 unchanged",
        unknown,
    ]
    assert LegalNotice.objects.get().kind == "RECEIVERSHIP"
    with pytest.raises(CommandError, match="date de parution: It cannot be published before the judgement"):
        run(tmp_path, "import_notices", lines[0], f"{account.siren};plan;03/11/2025;02/11/2025;A3")
