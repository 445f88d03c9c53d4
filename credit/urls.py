"""Addresses of the pages of credit."""

from __future__ import annotations

from django.urls import path

from .views import can_i_sell, flags, limits

app_name = "credit"

urlpatterns = [
    path("can-i-sell/", can_i_sell.CanISell.as_view(), name="can_i_sell"),
    path("client-options/", can_i_sell.ClientOptions.as_view(), name="client_options"),
    path("limit-requests/", limits.LimitRequests.as_view(), name="limit_requests"),
    path("limit-requests/new/", limits.NewLimitRequest.as_view(), name="limit_request_new"),
    path("limit-requests/<int:pk>/", limits.LimitRequestPage.as_view(), name="limit_request"),
    path("clients/<str:code>/edit/", flags.EditClient.as_view(), name="edit_client"),
    path("clients/<str:code>/move/", flags.Move.as_view(), name="move"),
    path("clients/<str:code>/block/", flags.Block.as_view(), name="block"),
    path("clients/<str:code>/unblock/", flags.Unblock.as_view(), name="unblock"),
    path("clients/<str:code>/watch/", flags.Watch.as_view(), name="watch"),
    path("clients/<str:code>/unwatch/", flags.Unwatch.as_view(), name="unwatch"),
]
