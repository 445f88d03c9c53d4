"""Which account of the French chart (PCG) each use is booked on, and which journal."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.enums import PaymentMethod
from invoicing.enums import ItemKind


class Journal(models.TextChoices):
    """The journals of the interface; a code and its French words, as they stand in the file."""

    OPENING = "AN", "À-nouveaux"
    SALES = "VE", "Ventes"
    BANK = "BQ", "Banque"
    OTHER = "OD", "Opérations diverses"


class Use(models.TextChoices):
    """What an account is used for; a company may name its own."""

    CUSTOMERS = "customers", _("Clients")
    SALES = "sales", _("Sales")
    VAT = "vat", _("VAT collected")
    DEPOSITS = "deposits", _("Deposits received")
    SUSPENSE = "suspense", _("To be assigned: unknown payers, documents taken over without VAT")
    BANK = "bank", _("Bank")
    CHEQUES = "cheques", _("Cheques to be cashed")
    CARDS = "cards", _("Cards")
    BILLS = "bills", _("Bills to be cashed")
    PENALTIES = "penalties", _("Late-payment penalties")
    FEES = "fees", _("Bank fees charged on")
    WRITE_OFF = "write_off", _("Small differences and losses")
    GAIN = "gain", _("Small differences, gains")
    DISCOUNT = "discount", _("Discounts granted")
    EXCHANGE_LOSS = "exchange_loss", _("Exchange losses")
    EXCHANGE_GAIN = "exchange_gain", _("Exchange gains")
    OPENING = "opening", _("Opening balance")


# Number and French words, which is what the file carries (PCG).
DEFAULTS: dict[str, tuple[str, str]] = {
    Use.CUSTOMERS: ("411000", "Clients"),
    Use.SALES: ("707000", "Ventes de marchandises"),
    Use.VAT: ("445710", "TVA collectée"),
    Use.DEPOSITS: ("419100", "Clients - Avances et acomptes reçus"),
    Use.SUSPENSE: ("471000", "Comptes d'attente"),
    Use.BANK: ("512000", "Banques"),
    Use.CHEQUES: ("511200", "Chèques à encaisser"),
    Use.CARDS: ("511500", "Cartes bancaires à encaisser"),
    Use.BILLS: ("511300", "Effets à l'encaissement"),
    Use.PENALTIES: ("763100", "Revenus des créances commerciales"),
    Use.FEES: ("708800", "Autres produits d'activités annexes"),
    Use.WRITE_OFF: ("658000", "Charges diverses de gestion courante"),
    Use.GAIN: ("758000", "Produits divers de gestion courante"),
    Use.DISCOUNT: ("665000", "Escomptes accordés"),
    Use.EXCHANGE_LOSS: ("666000", "Pertes de change"),
    Use.EXCHANGE_GAIN: ("766000", "Gains de change"),
    Use.OPENING: ("890000", "Bilan d'ouverture"),
}

BANK_OF: dict[str, Use] = {
    PaymentMethod.CHEQUE: Use.CHEQUES,
    PaymentMethod.CARD: Use.CARDS,
    PaymentMethod.LCR: Use.BILLS,
    PaymentMethod.BOR: Use.BILLS,
}

# Items that are no document of sale and no payment: journal, account where the client owes more, where less.
BESIDE: dict[str, tuple[Journal, Use, Use]] = {
    ItemKind.PENALTY: (Journal.SALES, Use.PENALTIES, Use.PENALTIES),
    ItemKind.BANK_FEE: (Journal.BANK, Use.FEES, Use.FEES),
    ItemKind.WRITE_OFF: (Journal.OTHER, Use.GAIN, Use.WRITE_OFF),
    ItemKind.DISCOUNT: (Journal.OTHER, Use.DISCOUNT, Use.DISCOUNT),
    ItemKind.EXCHANGE_DIFF: (Journal.OTHER, Use.EXCHANGE_GAIN, Use.EXCHANGE_LOSS),
    ItemKind.OPENING: (Journal.OPENING, Use.OPENING, Use.OPENING),
}
