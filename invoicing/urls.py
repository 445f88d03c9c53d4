"""Addresses of the invoicing pages."""

from __future__ import annotations

from django.urls import path

from .views import (
    accounting,
    anomalies,
    bank,
    billing,
    credit_notes,
    documents,
    due_dates,
    einvoices,
    files,
    interest,
    legal_rates,
    lists,
    matching,
    periods,
    returns,
)

app_name = "invoicing"

urlpatterns = [
    path("", lists.InvoiceList.as_view(), name="list"),
    path("items/", lists.ItemList.as_view(), name="items"),
    path("items/<int:key>/match/", matching.match, name="match"),
    path("items/<int:key>/due-date/", due_dates.ChangeDueDate.as_view(), name="due_date"),
    path("to-invoice/", billing.ToInvoice.as_view(), name="to_invoice"),
    path("to-invoice/issue/", billing.Bill.as_view(), name="bill"),
    path("payments/", lists.PaymentList.as_view(), name="payments"),
    path("payments/<int:key>/", documents.payment, name="payment"),
    path("payments/<int:key>/return/", returns.ReturnPayment.as_view(), name="return_payment"),
    path("payments/<int:key>/return/undo/", returns.UndoReturn.as_view(), name="undo_return"),
    path("matches/<str:keys>/undo/", matching.unmatch, name="unmatch"),
    path("matches/<str:keys>/again/", matching.match_again, name="match_again"),
    path("clients/<str:code>/panel/", documents.panel, name="panel"),
    path("orders/<path:number>/invoice/", documents.from_order, name="from_order"),
    path("credit-notes/<int:key>/decide/", credit_notes.decide, name="decide_credit"),
    path("credit/<path:number>/preview/", credit_notes.preview, name="credit_preview"),
    path("credit/<path:number>/", credit_notes.CreditInvoice.as_view(), name="credit"),
    path("anomalies/", anomalies.Rules.as_view(), name="anomalies"),
    path("platform/<path:number>/", einvoices.SetStatus.as_view(), name="set_status"),
    path("interest/", interest.PenaltyNotes.as_view(), name="penalty_notes"),
    path("interest/<int:key>/", interest.PenaltyNotePage.as_view(), name="penalty_note"),
    path("interest/<int:key>/pdf/", interest.PenaltyNotePdf.as_view(), name="penalty_note_pdf"),
    path("interest/<int:key>/take-back/", interest.CancelNote.as_view(), name="cancel_penalty_note"),
    path("interest/clients/<str:code>/", interest.ClaimInterest.as_view(), name="claim_interest"),
    path("interest/clients/<str:code>/terms/", interest.AgreeOnTerms.as_view(), name="penalty_terms"),
    path("interest/waivers/<int:key>/lift/", interest.LiftWaiver.as_view(), name="lift_waiver"),
    path("interest/waive/<path:number>/", interest.WaiveInterest.as_view(), name="waive_interest"),
    path("rates/", legal_rates.LegalRates.as_view(), name="rates"),
    path("rates/add/", legal_rates.AddRate.as_view(), name="rate_add"),
    path("rates/<int:year>-S<int:half>/correct/", legal_rates.CorrectRate.as_view(), name="rate_correct"),
    path("bank/", bank.StatementList.as_view(), name="statements"),
    path("bank/import/", bank.ImportStatement.as_view(), name="import_statement"),
    path("bank/accounts/", bank.BankAccounts.as_view(), name="bank_accounts"),
    path("bank/files/<int:key>/", bank.StatementFilePage.as_view(), name="statement_file"),
    path("bank/files/<int:key>/progress/", bank.StatementFileProgress.as_view(), name="statement_progress"),
    path("bank/returns/<int:key>/", bank.ReturnPage.as_view(), name="bank_return"),
    path("bank/<int:key>/", bank.StatementPage.as_view(), name="statement"),
    path("periods/", periods.Periods.as_view(), name="periods"),
    path("periods/accounts/", accounting.Accounts.as_view(), name="accounts"),
    path("periods/<int:year>-<int:month>/entries/", accounting.entries_file, name="entries"),
    path("periods/<int:year>-<int:month>/close/", periods.ClosePeriod.as_view(), name="close_period"),
    path("periods/<int:year>-<int:month>/reopen/", periods.ReopenPeriod.as_view(), name="reopen_period"),
    path("<path:number>/file/<slug:kind>/", files.download, name="file"),
    # Numbers given elsewhere may hold a slash; everything above goes first.
    path("<path:number>/", documents.detail, name="detail"),
]
