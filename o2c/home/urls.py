"""Addresses of the pages around all others; their names stand alone because every page links to them."""

from __future__ import annotations

from django.urls import path

from .views import decisions, desk, home, journal, outbox, profile, search

urlpatterns = [
    path("", home.Home.as_view(), name="home"),
    path("decisions/", decisions.ToDecide.as_view(), name="decisions"),
    path("decisions/mine/", decisions.Mine.as_view(), name="my_decisions"),
    path("substitutes/", profile.Substitutes.as_view(), name="substitutes"),
    path("substitutes/<int:pk>/end/", profile.EndSubstitution.as_view(), name="end_substitution"),
    path("outbox/", outbox.Outbox.as_view(), name="outbox"),
    path("outbox/<int:pk>/", outbox.MessagePage.as_view(), name="outbox_message"),
    path("my-mail/", outbox.MailChoices.as_view(), name="mail_choices"),
    path("search/", search.Search.as_view(), name="search"),
    path("journal/", journal.Journal.as_view(), name="journal"),
    path("notifications/", desk.Notices.as_view(), name="notifications"),
    path("notifications/<int:pk>/", desk.OpenNotice.as_view(), name="notification"),
    path("work/", desk.Jobs.as_view(), name="jobs"),
    path("work/list/", desk.PrepareList.as_view(), name="list_file"),
    path("work/<int:pk>/file/", desk.JobFile.as_view(), name="job_file"),
    path("work/<int:pk>/", desk.Job.as_view(), name="job"),
    path("company/", desk.ChooseCompany.as_view(), name="choose_company"),
    path("language/", desk.SetLanguage.as_view(), name="set_language"),
]
