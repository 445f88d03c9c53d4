"""Every address of the API under ``/api/v1/`` (contract §3). Any application's view may stand under any path."""

from __future__ import annotations

from django.urls import path, re_path

from accounts.api.circuit import CircuitView
from accounts.api.journal import AuditViewSet
from accounts.api.tokens import TokenView
from credit.api.alerts import AlertViewSet
from credit.api.bulk import BulkView
from credit.api.covers import CoverViewSet
from credit.api.guarantees import GuaranteeViewSet
from credit.api.notes import NoteViewSet
from credit.api.rules import AuthorityView, ThresholdsView
from credit.api.views import ClientViewSet, LimitRequestViewSet
from credit.api.written import CreditPolicyVersionView, CreditPolicyView
from disputes.api.committees import CommitteeViewSet
from disputes.api.links import DisputeLinkRevokeView, DisputeLinksView
from disputes.api.views import DisputeViewSet
from dunning.api.calls import CallViewSet
from dunning.api.handovers import HandOverViewSet, InterruptionsView
from dunning.api.links import ClientLinkViewSet
from dunning.api.payment_plans import PlanViewSet
from dunning.api.promises import PromiseViewSet
from dunning.api.runs import ReminderViewSet, RunViewSet
from dunning.api.scenarios import ScenarioViewSet
from dunning.api.workload import RelayViewSet, WorkListView, WorkloadView
from invoicing.api.assignments import AssignmentViewSet
from invoicing.api.claims import InsuranceClaimViewSet
from invoicing.api.clearing import ClearingDaysView
from invoicing.api.deposits import DepositCancelView, DepositRequestView
from invoicing.api.details import BuyerDetailsView, SellerDetailsView
from invoicing.api.documents import InvoiceFromOrderView
from invoicing.api.files import InvoiceBundleView, InvoicePdfView, InvoiceXmlView
from invoicing.api.interest import InvoiceInterestView
from invoicing.api.interest_notes import InterestNoteViewSet, LiftWaiverView, WaiveInterestView
from invoicing.api.items import AllocationViewSet, ItemViewSet
from invoicing.api.papers import CheckPaperView
from invoicing.api.payments import PaymentViewSet
from invoicing.api.periods import PeriodListView
from invoicing.api.received import ReadEInvoiceView
from invoicing.api.recurring import RecurringViewSet
from invoicing.api.sending import SendingViewSet
from invoicing.api.statement import StatementView
from invoicing.api.statements import BankAccountViewSet, StatementViewSet
from invoicing.api.stops import ClientResumeView, ClientStopView
from o2c.api_docs import docs
from o2c.api_schema import SchemaView
from o2c.home.api import JobFileView, OutboxViewSet
from o2c.hooks.api.views import WebhookViewSet
from o2c.reports.api import AgedBalanceView, DisputesReportView, ExposureView
from o2c.reports.duties_views import DutiesView
from o2c.shared.api.faults import NothingHere
from o2c.shared.api.jobs import JobView
from o2c.shared.api.routing import KeyRouter
from orders.api.overrides import OverrideViewSet
from orders.api.quotations import QuotationViewSet
from orders.api.views import HoldViewSet, OrderViewSet

router = KeyRouter()
router.register("accounts", ClientViewSet, "api-account")
router.register("limit-requests", LimitRequestViewSet, "api-limit-request")
router.register("guarantees", GuaranteeViewSet, "api-guarantee")
router.register("buyer-covers", CoverViewSet, "api-buyer-cover")
router.register("credit-alerts", AlertViewSet, "api-credit-alert")
router.register("client-notes", NoteViewSet, "api-client-note")
router.register("orders", OrderViewSet, "api-order")
router.register("holds", HoldViewSet, "api-hold")
router.register("override-requests", OverrideViewSet, "api-override-request")
router.register("committees", CommitteeViewSet, "api-committee")
router.register("disputes", DisputeViewSet, "api-dispute")
router.register("quotations", QuotationViewSet, "api-quotation")
router.register("invoices", SendingViewSet, "api-invoice")
router.register("payments", PaymentViewSet, "api-payment")
router.register("allocations", AllocationViewSet, "api-allocation")
router.register("interest-notes", InterestNoteViewSet, "api-interest-note")
router.register("recurring-invoices", RecurringViewSet, "api-recurring-invoice")
router.register("insurance-claims", InsuranceClaimViewSet, "api-insurance-claim")
router.register("factor-assignments", AssignmentViewSet, "api-factor-assignment")
router.register("items", ItemViewSet, "api-item")
router.register("dunning-runs", RunViewSet, "api-dunning-run")
router.register("dunning-scenarios", ScenarioViewSet, "api-dunning-scenario")
router.register("reminders", ReminderViewSet, "api-reminder")
router.register("calls", CallViewSet, "api-call")
router.register("client-relays", RelayViewSet, "api-client-relay")
router.register("client-links", ClientLinkViewSet, "api-client-link")
router.register("hand-overs", HandOverViewSet, "api-hand-over")
router.register("payment-plans", PlanViewSet, "api-payment-plan")
router.register("promises", PromiseViewSet, "api-promise")
router.register("statements", StatementViewSet, "api-statement")
router.register("bank-accounts", BankAccountViewSet, "api-bank-account")
router.register("outbox", OutboxViewSet, "api-outbox")
router.register("webhooks", WebhookViewSet, "api-webhook")
router.register("audit", AuditViewSet, "api-audit")

urlpatterns = [
    path("auth/token/", TokenView.as_view(), name="api-token"),
    path("schema/", SchemaView.as_view(), name="api-schema"),
    path("docs/", docs, name="api-docs"),
    path("periods/", PeriodListView.as_view(), name="api-periods"),
    path("work-list/", WorkListView.as_view(), name="api-work-list"),
    path("workload/", WorkloadView.as_view(), name="api-workload"),
    path("reports/aged-balance/", AgedBalanceView.as_view(), name="api-aged-balance"),
    path("reports/exposure/", ExposureView.as_view(), name="api-exposure"),
    path("reports/disputes/", DisputesReportView.as_view(), name="api-disputes-report"),
    path("reports/duties/", DutiesView.as_view(), name="api-duties"),
    path("jobs/<int:pk>/", JobView.as_view(), name="api-job"),
    path("jobs/<int:pk>/file/", JobFileView.as_view(), name="api-job-file"),
    re_path(r"^orders/(?P<number>.+?)/invoice/$", InvoiceFromOrderView.as_view(), name="api-order-invoice"),
    re_path(
        r"^orders/(?P<number>.+?)/deposit-request/$", DepositRequestView.as_view(), name="api-deposit-request"
    ),
    re_path(
        r"^orders/(?P<number>.+?)/deposit-request/cancel/$",
        DepositCancelView.as_view(),
        name="api-deposit-cancel",
    ),
    re_path(r"^disputes/(?P<number>.+?)/links/$", DisputeLinksView.as_view(), name="api-dispute-links"),
    re_path(
        r"^disputes/(?P<number>.+?)/links/(?P<pk>[0-9]{1,15})/revoke/$",
        DisputeLinkRevokeView.as_view(),
        name="api-dispute-link-revoke",
    ),
    re_path(r"^accounts/(?P<code>.+?)/statement/$", StatementView.as_view(), name="api-statement"),
    re_path(r"^accounts/(?P<code>.+?)/stop/$", ClientStopView.as_view(), name="api-account-stop"),
    re_path(r"^accounts/(?P<code>.+?)/resume/$", ClientResumeView.as_view(), name="api-account-resume"),
    path("company-details/", SellerDetailsView.as_view(), name="api-company-details"),
    re_path(
        r"^accounts/(?P<code>.+?)/invoice-details/$", BuyerDetailsView.as_view(), name="api-invoice-details"
    ),
    re_path(r"^accounts/(?P<code>.+?)/payment-circuit/$", CircuitView.as_view(), name="api-payment-circuit"),
    path("limitation-interruptions/", InterruptionsView.as_view(), name="api-interruptions"),
    path("credit-authority/", AuthorityView.as_view(), name="api-credit-authority"),
    path("credit-thresholds/", ThresholdsView.as_view(), name="api-credit-thresholds"),
    path("credit-policy/", CreditPolicyView.as_view(), name="api-credit-policy"),
    path("credit-policy/<int:number>/", CreditPolicyVersionView.as_view(), name="api-credit-policy-version"),
    path("clearing-days/", ClearingDaysView.as_view(), name="api-clearing-days"),
    path("papers/check/", CheckPaperView.as_view(), name="api-paper-check"),
    path("einvoices/read/", ReadEInvoiceView.as_view(), name="api-einvoice-read"),
    re_path(r"^invoices/(?P<number>.+?)/pdf/$", InvoicePdfView.as_view(), name="api-invoice-pdf"),
    re_path(r"^invoices/(?P<number>.+?)/bundle/$", InvoiceBundleView.as_view(), name="api-invoice-bundle"),
    re_path(r"^invoices/(?P<number>.+?)/xml/$", InvoiceXmlView.as_view(), name="api-invoice-xml"),
    re_path(
        r"^invoices/(?P<number>.+?)/interest/waive/$", WaiveInterestView.as_view(), name="api-interest-waive"
    ),
    re_path(r"^invoices/(?P<number>.+?)/interest/lift/$", LiftWaiverView.as_view(), name="api-interest-lift"),
    re_path(
        r"^invoices/(?P<number>.+?)/interest/$", InvoiceInterestView.as_view(), name="api-invoice-interest"
    ),
    *(
        path(
            f"{resource}/bulk/",
            BulkView.as_view(enters=enters, enters_many=enters_many, permission=permission),
            name=f"api-{resource}-bulk",
        )
        for resource, permission, enters, enters_many in (
            ("accounts", "accounts.edit", "credit.api.entry.enter_client", ""),
            ("orders", "orders.enter", "orders.api.entry.enter_order", ""),
            (
                "invoices",
                "invoicing.issue",
                "invoicing.api.entry.enter_invoice",
                "invoicing.api.entry.enter_invoices",
            ),
            (
                "payments",
                "payments.record",
                "invoicing.api.entry.enter_payment",
                "invoicing.api.entry.enter_payments",
            ),
        )
    ),
    *router.urls,
    re_path(r"^.*$", NothingHere.as_view()),
]
