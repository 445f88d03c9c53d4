"""A French company that may invoice, and clients at home and abroad."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import Company, CustomerAccount
from invoicing.models import BuyerDetails, SellerDetails
from tests.factories.accounts import CustomerAccountFactory, LegalEntityFactory

SELLER_SIREN = "732829320"


@pytest.fixture
def company(db: None) -> Company:
    made = Company.objects.create(
        code="TEST",
        name="Ateliers Rhône Alpes SAS",
        siren=SELLER_SIREN,
        vat_number="FR44732829320",
        legal_form="SAS",
        address_line1="12 rue de l’Industrie",
        postcode="69003",
        city="Lyon",
    )
    SellerDetails.objects.create(
        company=made,
        share_capital=Decimal(150000),
        register_town="Lyon",
        siret=f"{SELLER_SIREN}00074",
        phone="+33 4 72 00 00 00",
        email="facturation@example.test",
        iban="FR7630006000011234567890189",
        bic="AGRIFRPP",
        bank_name="Crédit Agricole",
    )
    return made


@pytest.fixture
def account(company: Company) -> CustomerAccount:
    return CustomerAccountFactory(
        company=company,
        code="C0042",
        name="Menuiserie Dupont & Fils",
        entity=LegalEntityFactory(siren="812740504", name="Menuiserie Dupont & Fils"),
        siret="81274050400019",
        vat_number="FR61812740504",
        address_line1="3 place du Marché",
        postcode="38000",
        city="Grenoble",
        term="45D_EOM",
        cap_regime="EOM45A",
    )


@pytest.fixture
def abroad(company: Company) -> Callable[..., CustomerAccount]:
    """A client of another country, by its code."""

    def make(country: str, *, vat: str = "", address: str = "", **fields: Any) -> CustomerAccount:
        client = CustomerAccountFactory(
            company=company,
            entity=LegalEntityFactory(siren=None, name=f"Client {country}", country=country),
            country=country,
            vat_number=vat,
            address_line1="1 High Street",
            postcode="1000",
            city="Elsewhere",
            language="en",
            **fields,
        )
        if address:
            BuyerDetails.objects.create(account=client, electronic_address=address, electronic_scheme="EM")
        return client

    return make
