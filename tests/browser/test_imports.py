"""Files of one kind brought in with a real browser: columns told, preview, entered, at a desk and on a phone."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from o2c.shared import work
from tests.factories.accounts import CompanyFactory, CustomerAccountFactory, make_user

from .helpers import axe, shot, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_file_is_understood_mended_and_entered(page: Page, live_server: LiveServer, tmp_path: Path) -> None:
    company = CompanyFactory(code="DEMO", name="Demo")
    for number in range(1, 4):
        CustomerAccountFactory(company=company, code=f"C000{number}")
    make_user("receivables_accountant", company, "accountant")
    day = f"{timezone.localdate() - timedelta(days=20):%d/%m/%Y}"
    file = tmp_path / "reglements-novembre.csv"
    lines = [
        "n° op;client;date;montant;mode;libellé",
        f"VIR-1;C0001;{day};1 200,00;VIRT;Facture F-1",
        f"VIR-2;C0002;{day};350,50;chèque;",
        f"VIR-3;C0009;{day};90,00;chèque;",
        "VIR-4;C0003;31/02/2026;90,00;chèque;",
    ]
    file.write_text("\n".join(lines), "cp1252")
    sign_in(page, live_server, "accountant")
    page.goto(f"{live_server.url}/imports/new/?kind=payments")
    axe(page)
    shot(page, "import-new")
    page.locator("#id_file").set_input_files(file)
    page.get_by_role("button", name="Examiner le fichier").click()
    expect(page.locator("h1")).to_have_text("Comment ses colonnes sont lues")
    axe(page)
    page.get_by_label("n° op").select_option("external_id")
    page.get_by_label("Conserver sous ce nom").fill("Banque")
    shot(page, "import-mapping")
    page.get_by_role("button", name="Examiner le fichier").click()
    expect(page.get_by_text("3 lignes sur 4")).to_be_visible()
    axe(page)
    shot(page, "import-preview")
    page.get_by_role("link", name="Colonnes").click()
    page.get_by_label("« virt » dans « mode » signifie").select_option("transfer")
    shot(page, "import-words")
    page.get_by_role("button", name="Examiner le fichier").click()
    expect(page.get_by_text("2 lignes sur 4")).to_be_visible()
    page.get_by_role("button", name="les 2 lignes justes").click()
    shot(page, "import-progress")
    work.drain()
    page.reload()
    expect(page.get_by_text("Nouveaux : 2, modifiés : 0, inchangés : 0.")).to_be_visible()
    axe(page)
    shot(page, "import-done")
    page.goto(f"{live_server.url}/imports/mappings/")
    expect(page.locator("a.c", has_text="Banque")).to_be_visible()
    axe(page)
    page.locator("a.c", has_text="Banque").click()
    axe(page)
    shot(page, "import-saved-mapping")
