"""What papers of an order say of the company and the client beyond their rows (``settings.PAPER_FACTS``)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from accounts.models import Company, CustomerAccount
from o2c.shared import formats

from .models import BuyerDetails, SellerDetails


def paper_facts(company: Company, account: CustomerAccount) -> dict[str, Any]:
    """The line of law of the company (C. com. R123-237, R123-238), and where its goods go for this client."""
    seller = SellerDetails.objects.filter(company=company).first()
    buyer = BuyerDetails.objects.filter(account=account).first()
    return {"legal_line": legal_line(company, seller), "delivery_place": _place(account, buyer)}


def legal_line(company: Company, seller: SellerDetails | None) -> str:
    """Legal form, capital and register of a company in one line (C. com. R123-237, R123-238)."""
    words = [company.legal_form] if company.legal_form else []
    if seller is None:
        return " ".join(words)
    if seller.share_capital and "capital" not in company.legal_form:
        words.append(f"au capital de {formats.money(Decimal(seller.share_capital), 'fr', company.currency)}")
    if seller.register_town:
        town = f"RCS {seller.register_town} {formats.siren(company.siren) if company.siren else ''}".strip()
        return f"{' '.join(words)}, {town}" if words else town
    return " ".join(words)


def _place(account: CustomerAccount, buyer: BuyerDetails | None) -> dict[str, Any] | None:
    """Where goods go, if elsewhere than to the client's own address."""
    if buyer is None or not (buyer.delivery_line1 or buyer.delivery_city):
        return None
    town = f"{buyer.delivery_postcode} {buyer.delivery_city}".strip()
    country = buyer.delivery_country if buyer.delivery_country not in ("", "FR") else ""
    lines = [buyer.delivery_line1, buyer.delivery_line2, town, country]
    return {"name": buyer.delivery_name or account.name, "lines": [line for line in lines if line]}
