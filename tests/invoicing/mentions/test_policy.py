"""Mentions in words as people write them: found, doubtful, missing, and why."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from invoicing.mentions.enums import Found, Paper, Weight
from invoicing.mentions.policy import Finding, Ours, check, verdict
from invoicing.mentions.rules import MENTIONS

FOOT = (
    "Ateliers Rhône Alpes, SAS au capital de 150 000 € · 12 rue de l’Industrie, 69003 Lyon · RCS Lyon 732 829 320 "
    "· SIREN 732 829 320 · N° TVA FR 44 732 829 320"
)
LATE = (
    "Escompte pour paiement anticipé : néant. Tout retard de paiement entraîne des pénalités au taux de 12,40 % l’an, "
    "sans qu’un rappel soit nécessaire, et une indemnité forfaitaire pour frais de recouvrement de 40 €."
)
INVOICE = (
    FOOT,
    "Facture n° FA2026-000123 · Date 23/11/2026 · Client : Menuiserie Dupont, 38000 Grenoble, SIREN 812 740 504",
    "Livraison de biens · Livré le 20/11/2026 · Adresse de livraison : Grenoble · Votre commande PO-7",
    "Désignation · Quantité · Prix unitaire HT · TVA 20 %",
    "Total HT 1 000,00 € · TVA 20 % : 200,00 € · Total TTC 1 200,00 €",
    "Échéance : 23/12/2026 · IBAN FR76 3000 6000 0112 3456 7890 189",
    LATE,
)
TERMS = (
    FOOT,
    "Article 1. Prix : selon le tarif en vigueur ; remises selon le barème.",
    "Article 2. Délai de règlement : 45 jours fin de mois.",
    LATE,
    "Article 4. Réserve de propriété : les biens restent notre propriété jusqu’au paiement complet.",
    "Article 5. Transfert des risques à la livraison. Réclamations sous 3 jours. Déchéance du terme en cas d’impayé.",
    "Article 6. Tribunal de commerce de Lyon, droit français.",
)


def found(lines: tuple[str, ...], paper: Paper, known: Ours) -> dict[str, Finding]:
    rows = check([("page", number, line) for number, line in enumerate(lines, 1)], MENTIONS, paper, known)
    return {row.mention.code: row for row in rows}


def one(code: str, line: str, known: Ours, paper: Paper = Paper.INVOICE) -> Finding:
    return found((line,), paper, known)[code]


def open_of(rows: dict[str, Finding]) -> set[str]:
    return {code for code, row in rows.items() if row.found is not Found.FOUND}


@pytest.mark.parametrize(("lines", "paper"), [(INVOICE, Paper.INVOICE), (TERMS, Paper.TERMS)])
def test_a_whole_paper_lacks_nothing(lines: tuple[str, ...], paper: Paper, known: Ours) -> None:
    rows = found(lines, paper, known)
    # Needed where it applies, and it does not.
    assert open_of(rows) <= {"VAT_ON_DEBITS", "EXEMPTION"}
    assert verdict(list(rows.values())) == (0, 0)
    assert all(row.spot is not None for code, row in rows.items() if code not in open_of(rows))


def test_an_empty_paper_lacks_everything_what_must_be_first(known: Ours) -> None:
    for paper in Paper:
        rows = check([("page", 1, "Bonjour à tous et merci.")], MENTIONS, paper, known)
        assert {row.found for row in rows} == {Found.MISSING}
        weights = [list(Weight).index(row.weight) for row in rows]
        assert weights == sorted(weights)
        assert all(str(row.mention.where) and str(row.mention.remedy) for row in rows)


@pytest.mark.parametrize("number", range(1, 7))
def test_each_line_left_out_is_missed(number: int, known: Ours) -> None:
    kept = tuple(line for place, line in enumerate(INVOICE) if place != number)
    expected = {
        1: {"NUMBER"},
        2: {"CATEGORY", "SUPPLY_DATE", "PURCHASE_ORDER"},
        3: {"QUANTITY", "UNIT_PRICE"},
        4: {"TOTAL_EXCL", "TOTAL_INCL"},
        5: {"DUE_DATE", "IBAN"},
        6: {"DISCOUNT", "PENALTIES", "RECOVERY_FEE"},
    }[number]
    assert expected <= open_of(found(kept, Paper.INVOICE, known))


@pytest.mark.parametrize(
    ("code", "line", "said"),
    [
        ("SIREN", "SIREN 812 740 504", "not the SIREN of the company"),
        ("VAT_NUMBER", "TVA FR 61 812 740 504", "not the VAT number"),
        ("SHARE_CAPITAL", "SAS au capital de 10 000 €", "not the capital"),
        ("REGISTER", "RCS Paris 732 829 320", "town of the register"),
        ("ADDRESS", "12 rue X, 75001 Paris", "No address here"),
        ("IBAN", "IBAN DE89 3704 0044 0532 0130 00", "not the bank account"),
        ("DUE_DATE", "Échéance : 30 jours fin de mois", "no date"),
        ("RECOVERY_FEE", "Indemnité forfaitaire pour frais de recouvrement", "40 €"),
        ("PENALTIES", "Pénalités de retard exigibles sans rappel", "rate of the penalties"),
        ("PENALTIES", "Pénalités de retard : 5 % l’an", "three times the legal"),
        ("UNIT_PRICE", "Article, prix unitaire, TVA", "without VAT"),
        ("BUYER_SIREN", "SIREN 732 829 320", "that of the seller"),
    ],
)  # fmt: skip
def test_what_stands_there_and_is_wrong_is_doubtful(code: str, line: str, said: str, known: Ours) -> None:
    row = one(code, line, known)
    assert row.found is Found.DOUBTFUL
    assert said in str(row.doubt)
    assert row.spot is not None
    assert row.spot.around


@pytest.mark.parametrize(
    ("line", "found_as"),
    [
        ("Paiement à 60 jours date de facture", Found.FOUND),
        ("Règlement sous 90 jours date de facture", Found.DOUBTFUL),
        ("Délai de paiement : 60 jours fin de mois", Found.DOUBTFUL),
        ("Payment within 30 days", Found.FOUND),
        ("Rien de tel", Found.MISSING),
    ],
)
def test_a_term_above_the_cap_is_doubtful(line: str, found_as: Found, known: Ours) -> None:
    assert one("PAYMENT_TERMS", line, known, Paper.TERMS).found is found_as


@pytest.mark.parametrize(
    ("code", "line"),
    [
        ("PENALTIES", "Late payment bears interest at the European Central Bank’s refinancing rate plus 10 points"),
        ("RECOVERY_FEE", "a fixed sum of €40 for recovery costs is due"),
        ("DISCOUNT", "Discount for early payment: none"),
        ("DUE_DATE", "To be paid by 31 December 2026"),
        ("TOTAL_INCL", "Total incl. VAT"),
        ("LEGAL_FORM", "Rhône Société par actions simplifiée"),
    ],
)  # fmt: skip
def test_english_and_long_words_are_known_too(code: str, line: str, known: Ours) -> None:
    assert one(code, line, known).found is Found.FOUND


def test_a_possessive_is_no_legal_form(known: Ours) -> None:
    assert one("LEGAL_FORM", "sa livraison est faite", known).found is Found.MISSING


def test_where_nothing_is_known_of_the_company_the_words_are_enough() -> None:
    row = one("SIREN", "SIREN 812 740 504", Ours())
    assert row.found is Found.FOUND
    assert (
        one("PENALTIES", "Pénalités de retard : 5 %", replace(Ours(), rate_floor=Decimal(5))).found
        is Found.FOUND
    )


def test_the_second_place_may_be_the_right_one(known: Ours) -> None:
    rows = found(("Client SIREN 812 740 504", "Nous : SIREN 732 829 320"), Paper.INVOICE, known)
    assert rows["SIREN"].found is Found.FOUND
    assert rows["SIREN"].spot is not None
    assert rows["SIREN"].spot.number == 2
