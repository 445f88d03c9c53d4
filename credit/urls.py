"""Addresses of the pages of credit."""

from __future__ import annotations

from django.urls import path

from .views import (
    alerts,
    can_i_sell,
    exclusions,
    flags,
    guarantees,
    insurance,
    legal,
    limit_rules,
    limits,
    score,
    stake_rules,
)

app_name = "credit"

urlpatterns = [
    path("can-i-sell/", can_i_sell.CanISell.as_view(), name="can_i_sell"),
    path("client-options/", can_i_sell.ClientOptions.as_view(), name="client_options"),
    path("credit-alerts/", alerts.Alerts.as_view(), name="alerts"),
    path("credit-alerts/<int:pk>/", alerts.AlertPage.as_view(), name="alert"),
    path("reviews/", alerts.Reviews.as_view(), name="reviews"),
    path("guarantees/", guarantees.Guarantees.as_view(), name="guarantees"),
    path("guarantees/<int:pk>/", guarantees.GuaranteePage.as_view(), name="guarantee"),
    path("guarantees/<int:pk>/confirm/", guarantees.ConfirmGuarantee.as_view(), name="confirm_guarantee"),
    path("guarantees/<int:pk>/end/", guarantees.EndGuarantee.as_view(), name="end_guarantee"),
    path("guarantees/<int:pk>/file/", guarantees.GuaranteeFile.as_view(), name="guarantee_file"),
    path("insurance/", insurance.Covers.as_view(), name="covers"),
    path("insurance/policy/", insurance.PolicyPage.as_view(), name="insurance_policy"),
    path("legal-notices/", legal.LegalNotices.as_view(), name="legal_notices"),
    path("legal-notices/<int:pk>/", legal.LegalNoticePage.as_view(), name="legal_notice"),
    path("legal-notices/<int:pk>/end/", legal.EndNotice.as_view(), name="end_notice"),
    path("limit-requests/", limits.LimitRequests.as_view(), name="limit_requests"),
    path("limit-requests/new/", limits.NewLimitRequest.as_view(), name="limit_request_new"),
    path("limit-requests/<int:pk>/", limits.LimitRequestPage.as_view(), name="limit_request"),
    path("limit-rules/", limit_rules.LimitRules.as_view(), name="limit_rules"),
    path("exposure-rules/", exclusions.ExposureRules.as_view(), name="exposure_rules"),
    path("stakes/", stake_rules.StakeRulesPage.as_view(), name="stake_rules"),
    path("rating-rules/", score.RatingRules.as_view(), name="rating_rules"),
    path("clients/<str:code>/scorecard/", score.Scorecard.as_view(), name="scorecard"),
    path("clients/<str:code>/scorecard/statement/", score.NewStatement.as_view(), name="new_statement"),
    path("clients/<str:code>/scorecard/known/", score.Known.as_view(), name="known"),
    path("clients/<str:code>/scorecard/class/", score.AskOverride.as_view(), name="ask_class"),
    path("clients/<str:code>/scorecard/class/decide/", score.Decide.as_view(), name="decide_class"),
    path("clients/<str:code>/scorecard/class/adopt/", score.Adopt.as_view(), name="adopt_class"),
    path("clients/<str:code>/guarantee/", guarantees.NewGuarantee.as_view(), name="new_guarantee"),
    path("clients/<str:code>/legal-notice/", legal.NewNotice.as_view(), name="new_notice"),
    path("clients/<str:code>/edit/", flags.EditClient.as_view(), name="edit_client"),
    path("clients/<str:code>/move/", flags.Move.as_view(), name="move"),
    path("clients/<str:code>/block/", flags.Block.as_view(), name="block"),
    path("clients/<str:code>/unblock/", flags.Unblock.as_view(), name="unblock"),
    path("clients/<str:code>/watch/", flags.Watch.as_view(), name="watch"),
    path("clients/<str:code>/unwatch/", flags.Unwatch.as_view(), name="unwatch"),
]
