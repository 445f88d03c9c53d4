"""The vocabulary of disputes (domain.md 7.1, 7.2, 7.4, 7.5)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class DisputeType(models.TextChoices):
    """What is contested."""

    PRICE = "PRICE", _("Price, discount, rebate")
    QUANTITY = "QUANTITY", pgettext_lazy("dispute", "Quantity")
    QUALITY = "QUALITY", _("Quality, non-conformity")
    DELIVERY = "DELIVERY", pgettext_lazy("dispute", "Delivery")
    DAMAGED = "DAMAGED", _("Damaged in transport")
    MISSING_PO = "MISSING_PO", _("Order or contract reference")
    VAT_ADMIN = "VAT_ADMIN", _("VAT, address, legal mention")
    INVOICE_NOT_RECEIVED = "INVOICE_NOT_RECEIVED", _("Invoice not received")
    DUPLICATE = "DUPLICATE", _("Invoiced twice")
    TERMS = "TERMS", _("Due date, discount, penalties")
    CONTRACT = "CONTRACT", _("Contract, scope, service level")
    CALCULATION = "CALCULATION", _("Totals")
    MISSING_DOCUMENT = "MISSING_DOCUMENT", _("Supporting document")
    DEDUCTION = "DEDUCTION", _("Unauthorised deduction")
    COMMERCIAL_OTHER = "COMMERCIAL_OTHER", _("Dissatisfaction")


class DisputeOrigin(models.TextChoices):
    """How the dispute reached us."""

    CALL = "call", _("Call")
    MAIL = "mail", _("Letter or e-mail")
    E_INVOICE = "e-invoice", _("Status of the e-invoice")
    PORTAL = "portal", _("Client's link")
    SALESPERSON = "salesperson", _("Sales rep")
    SHORT_PAYMENT = "short-payment", _("Short payment")
    IMPORT = "import", _("Taken over")


class DisputeStatus(models.TextChoices):
    """Life of a dispute; ``policy.ACTS`` says which act leads where."""

    OPEN = "OPEN", pgettext_lazy("dispute", "To qualify")
    QUALIFIED = "QUALIFIED", pgettext_lazy("dispute", "Qualified")
    IN_PROGRESS = "IN_PROGRESS", pgettext_lazy("dispute", "In progress")
    WAITING_CUSTOMER = "WAITING_CUSTOMER", _("Waits for the client")
    WAITING_INTERNAL = "WAITING_INTERNAL", _("Waits for a colleague")
    PROPOSED = "PROPOSED", pgettext_lazy("dispute", "Proposed")
    REOPENED = "REOPENED", pgettext_lazy("dispute", "Opened again")
    RESOLVED = "RESOLVED", pgettext_lazy("dispute", "Decided, to be carried out")
    CLOSED = "CLOSED", pgettext_lazy("dispute", "Closed")
    REJECTED = "REJECTED", pgettext_lazy("dispute", "Unfounded")
    WITHDRAWN = "WITHDRAWN", pgettext_lazy("dispute", "Withdrawn")


class Department(models.TextChoices):
    """Who usually has the answer."""

    SALES = "SALES", pgettext_lazy("department", "Sales")
    LOGISTICS = "LOGISTICS", pgettext_lazy("department", "Logistics")
    QUALITY = "QUALITY", pgettext_lazy("department", "Quality")
    ADV = "ADV", pgettext_lazy("department", "Sales administration")
    INVOICING = "INVOICING", pgettext_lazy("department", "Invoicing")
    CREDIT = "CREDIT", pgettext_lazy("department", "Credit management")
    LEGAL = "LEGAL", pgettext_lazy("department", "Sales and legal")


class DisputeOutcome(models.TextChoices):
    """How a dispute ends (domain.md 7.4)."""

    CREDIT_NOTE = "CREDIT_NOTE", pgettext_lazy("outcome", "Credit note")
    REINVOICE = "REINVOICE", pgettext_lazy("outcome", "Credit and invoice again")
    REJECTED = "REJECTED", pgettext_lazy("outcome", "Unfounded, the client pays")
    GOODWILL = "GOODWILL", pgettext_lazy("outcome", "Goodwill allowance")
    REPLACEMENT = "REPLACEMENT", pgettext_lazy("outcome", "Replacement")
    RETURN = "RETURN", pgettext_lazy("outcome", "Return, credit on receipt")
    DOCUMENT_SENT = "DOCUMENT_SENT", pgettext_lazy("outcome", "Document sent")
    SETTLEMENT = "SETTLEMENT", pgettext_lazy("outcome", "Written settlement")
    WRITE_OFF = "WRITE_OFF", pgettext_lazy("outcome", "Written off")


class RootCause(models.TextChoices):
    """Why it came to the dispute, in two levels: a branch, or ``BRANCH.LEAF`` (domain.md 7.5)."""

    ORDER_ENTRY = "ORDER_ENTRY", _("Order entry")
    ORDER_ENTRY_ARTICLE = "ORDER_ENTRY.ARTICLE", _("Wrong article entered")
    ORDER_ENTRY_QUANTITY = "ORDER_ENTRY.QUANTITY", _("Wrong quantity entered")
    ORDER_ENTRY_REFERENCE = "ORDER_ENTRY.REFERENCE", _("Client's reference forgotten")
    PRICE_MASTER = "PRICE_MASTER", _("Prices")
    PRICE_MASTER_OUTDATED = "PRICE_MASTER.OUTDATED", _("Price list out of date")
    PRICE_MASTER_DISCOUNT = "PRICE_MASTER.DISCOUNT", _("Agreed discount not entered")
    CONTRACT = "CONTRACT", _("Contract")
    CONTRACT_TERMS = "CONTRACT.TERMS", _("Terms unclear")
    CONTRACT_SCOPE = "CONTRACT.SCOPE", _("Scope unclear")
    PICKING = "PICKING", _("Picking")
    PICKING_QUANTITY = "PICKING.QUANTITY", _("Wrong quantity picked")
    PICKING_ARTICLE = "PICKING.ARTICLE", _("Wrong article picked")
    CARRIER = "CARRIER", _("Carrier")
    CARRIER_LATE = "CARRIER.LATE", _("Late delivery")
    CARRIER_DAMAGE = "CARRIER.DAMAGE", _("Damaged on the way")
    CARRIER_PROOF = "CARRIER.PROOF", _("Proof of delivery missing")
    PRODUCT = "PRODUCT", _("Product")
    PRODUCT_DEFECT = "PRODUCT.DEFECT", _("Defect")
    PRODUCT_NON_CONFORMITY = "PRODUCT.NON_CONFORMITY", _("Not as ordered")
    INSTALLATION = "INSTALLATION", _("Installation")
    INSTALLATION_UNFINISHED = "INSTALLATION.UNFINISHED", _("Not finished")
    INVOICING_DATA = "INVOICING_DATA", _("Data of the invoice")
    INVOICING_DATA_ADDRESS = "INVOICING_DATA.ADDRESS", _("Wrong address or identifier")
    INVOICING_DATA_VAT = "INVOICING_DATA.VAT", _("Wrong VAT")
    INVOICING_DATA_TWICE = "INVOICING_DATA.TWICE", _("Same thing invoiced twice")
    PLATFORM_ROUTING = "PLATFORM_ROUTING", _("Platform, routing")
    PLATFORM_ROUTING_ADDRESS = "PLATFORM_ROUTING.ADDRESS", _("Wrong electronic address")
    CUSTOMER_PROCESS = "CUSTOMER_PROCESS", _("Client's own process")
    CUSTOMER_PROCESS_APPROVAL = "CUSTOMER_PROCESS.APPROVAL", _("Approval stuck at the client's")
    CUSTOMER_CASH_PRETEXT = "CUSTOMER_CASH_PRETEXT", _("Pretext to pay later")


class CommitteeState(models.TextChoices):
    """Life of a sitting of the committee."""

    PLANNED = "planned", pgettext_lazy("sitting", "Planned")
    OPEN = "open", pgettext_lazy("sitting", "Being held")
    CLOSED = "closed", pgettext_lazy("sitting", "Minutes validated")


class StepKind(models.TextChoices):
    """What a line of a dispute's history says."""

    STATE = "state", _("State")
    COMMENT = "comment", _("Comment")
    ANSWER = "answer", _("Answer to the client")
    EVIDENCE = "evidence", _("Evidence")
