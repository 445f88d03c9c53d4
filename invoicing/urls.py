"""Addresses of the invoicing pages."""

from __future__ import annotations

from django.urls import path

from . import due_date_views, period_views, views

app_name = "invoicing"

urlpatterns = [
    path("", views.InvoiceList.as_view(), name="list"),
    path("items/", views.ItemList.as_view(), name="items"),
    path("items/<int:key>/match/", views.match, name="match"),
    path("items/<int:key>/due-date/", due_date_views.ChangeDueDate.as_view(), name="due_date"),
    path("payments/", views.PaymentList.as_view(), name="payments"),
    path("payments/<int:key>/", views.payment, name="payment"),
    path("matches/<str:keys>/undo/", views.unmatch, name="unmatch"),
    path("clients/<str:code>/panel/", views.panel, name="panel"),
    path("orders/<path:number>/invoice/", views.from_order, name="from_order"),
    path("periods/", period_views.Periods.as_view(), name="periods"),
    path("periods/<int:year>-<int:month>/close/", period_views.ClosePeriod.as_view(), name="close_period"),
    path("periods/<int:year>-<int:month>/reopen/", period_views.ReopenPeriod.as_view(), name="reopen_period"),
    # Numbers given elsewhere may hold a slash; everything above goes first.
    path("<path:number>/", views.detail, name="detail"),
]
