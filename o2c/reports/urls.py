"""Addresses of the reports."""

from __future__ import annotations

from django.urls import path

from . import dispute_views, duties_views, exposure_views, file_views, views
from .monthly import views as monthly
from .releases.views import Releases

app_name = "reports"

urlpatterns = [
    path("disputes/", dispute_views.disputes, name="disputes"),
    path("aged-balance/", views.aged_balance_page, name="aged_balance"),
    path("aged-balance/items/", views.aged_balance_items, name="aged_balance_items"),
    path("aged-balance/history/", views.overdue_history_fragment, name="overdue_history"),
    path("exposure/", exposure_views.exposure_page, name="exposure"),
    path("<slug:report>/file/", file_views.prepare_file, name="prepare"),
    path("statements/", monthly.Statements.as_view(), name="statements"),
    path("statements/send/", monthly.SendStatement.as_view(), name="send_statement"),
    path("statements/<int:pk>/<slug:kind>/", monthly.StatementFile.as_view(), name="statement_file"),
    path("process-owners/", monthly.ProcessOwners.as_view(), name="process_owners"),
    path("releases/", Releases.as_view(), name="releases"),
    path("duties/", duties_views.DutiesPage.as_view(), name="duties"),
]
