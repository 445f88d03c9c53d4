"""Addresses of the pages of orders. A number may hold a slash, so it stands last or before a word of ours."""

from __future__ import annotations

from django.urls import path

from .views import (
    acts,
    agreeing,
    alternatives,
    entry,
    exchange,
    listing,
    mass,
    overrides,
    page,
    papers,
    proof,
    queue,
    quotation_entry,
    quotations,
    rules,
)

app_name = "orders"

urlpatterns = [
    path("", listing.OrderList.as_view(), name="list"),
    path("new/", entry.OrderEntry.as_view(), name="new"),
    path("new/answer/", entry.EntryAnswer.as_view(), name="answer"),
    path("rules/", rules.Rules.as_view(), name="rules"),
    path("holds/", queue.HoldQueue.as_view(), name="holds"),
    path("quotations/", quotations.QuotationList.as_view(), name="quotations"),
    path("quotations/new/", quotation_entry.QuotationEntry.as_view(), name="quotation_new"),
    path("quotations/<path:number>/edit/", quotation_entry.QuotationEntry.as_view(), name="quotation_edit"),
    path("quotations/<path:number>/pdf/", quotations.QuotationPdf.as_view(), name="quotation_pdf"),
    path("quotations/<path:number>/send/", quotations.Send.as_view(), name="quotation_send"),
    path("quotations/<path:number>/accept/", quotations.Accept.as_view(), name="quotation_accept"),
    path("quotations/<path:number>/decline/", quotations.Decline.as_view(), name="quotation_decline"),
    path("quotations/<path:number>/order/", quotations.MakeOrder.as_view(), name="quotation_order"),
    path("quotations/<path:number>/", quotations.QuotationPage.as_view(), name="quotation"),
    path("holds/decide/", mass.DecideMany.as_view(), name="decide"),
    path("holds/decided/<int:pk>/", mass.Decided.as_view(), name="decided"),
    path("of-client/<int:account>/", listing.ClientOrders.as_view(), name="panel"),
    path("<path:number>/papers/", papers.PapersPage.as_view(), name="papers"),
    path("<path:number>/papers/evidence/", papers.AddEvidence.as_view(), name="evidence"),
    path("<path:number>/papers/evidence/<int:pk>/", papers.EvidenceFile.as_view(), name="evidence_file"),
    path("<path:number>/papers/accept/", papers.AcceptDifference.as_view(), name="accept_difference"),
    path("<path:number>/papers/purchase-order/", papers.RecordPurchaseOrder.as_view(), name="purchase_order"),
    path("<path:number>/confirmation/", papers.ConfirmationPage.as_view(), name="confirmation"),
    path("<path:number>/confirmation/issue/", papers.IssueConfirmation.as_view(), name="issue_confirmation"),
    path(
        "<path:number>/confirmation/<int:issue>/", papers.ConfirmationFile.as_view(), name="confirmation_file"
    ),
    path("<path:number>/deliveries/<int:pk>/note/", papers.DeliveryNoteFile.as_view(), name="delivery_note"),
    path("<path:number>/production/", papers.StartProduction.as_view(), name="production"),
    path("<path:number>/alternatives/", alternatives.Alternatives.as_view(), name="alternatives"),
    path("<path:number>/agree/", agreeing.Agree.as_view(), name="agree"),
    path("<path:number>/release-when-met/", page.ReleaseWhenMet.as_view(), name="release_when_met"),
    path("<path:number>/edit/", entry.OrderEntry.as_view(), name="edit"),
    path("<path:number>/edit/answer/", entry.EntryAnswer.as_view(), name="edit_answer"),
    path("<path:number>/submit/", acts.Submit.as_view(), name="submit"),
    path("<path:number>/hold/", acts.Hold.as_view(), name="hold"),
    path("<path:number>/release/", page.Release.as_view(), name="release"),
    path("<path:number>/refuse/", page.Refuse.as_view(), name="refuse"),
    path("<path:number>/override/", overrides.AskOverride.as_view(), name="ask_override"),
    path("<path:number>/refuse-override/", overrides.RefuseOverride.as_view(), name="refuse_override"),
    path(
        "<path:number>/override/<int:pk>/withdraw/",
        overrides.WithdrawOverride.as_view(),
        name="withdraw_override",
    ),
    path(
        "<path:number>/override/<int:pk>/appeal/",
        overrides.AppealOverride.as_view(),
        name="appeal_override",
    ),
    path("<path:number>/undo-release/", acts.UndoRelease.as_view(), name="undo_release"),
    path("<path:number>/messages/", exchange.WriteMessage.as_view(), name="write_message"),
    path("<path:number>/decisions/<int:pk>/", proof.DecisionProof.as_view(), name="proof"),
    path("<path:number>/take/", overrides.TakeCase.as_view(), name="take"),
    path("<path:number>/documents/<int:pk>/", overrides.Document.as_view(), name="override_document"),
    path("<path:number>/cancel/", acts.Cancel.as_view(), name="cancel"),
    path("<path:number>/close/", acts.Close.as_view(), name="close"),
    path("<path:number>/copy/", acts.Copy.as_view(), name="copy"),
    path("<path:number>/reopen/", acts.Reopen.as_view(), name="reopen"),
    path("<path:number>/deliver/", acts.Deliver.as_view(), name="deliver"),
    path("<path:number>/", page.OrderPage.as_view(), name="detail"),
]
