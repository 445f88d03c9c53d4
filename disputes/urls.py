"""Addresses of the pages of disputes."""

from __future__ import annotations

from django.urls import path

from .views import acts, committee, lists, opening, page, rules

app_name = "disputes"

urlpatterns = [
    path("", lists.DisputeList.as_view(), name="list"),
    path("assign/", lists.AssignMany.as_view(), name="assign_many"),
    path("open/", opening.OpenDispute.as_view(), name="open"),
    path("rules/", rules.Rules.as_view(), name="rules"),
    path("committee/", committee.Committees.as_view(), name="committees"),
    path("committee/plan/", committee.Plan.as_view(), name="committee_plan"),
    path("committee/members/", committee.Members.as_view(), name="committee_members"),
    path("committee/<int:pk>/", committee.Sitting.as_view(), name="committee"),
    path("committee/<int:pk>/attend/", committee.Attend.as_view(), name="committee_attend"),
    path("committee/<int:pk>/close/", committee.Close.as_view(), name="committee_close"),
    path("committee/<int:pk>/minutes/", committee.Minutes.as_view(), name="committee_minutes"),
    path("committee/<int:pk>/decide/<str:number>/", committee.Decide.as_view(), name="committee_decide"),
    path("<str:number>/", page.DisputePage.as_view(), name="detail"),
    path("<str:number>/qualify/", acts.Qualify.as_view(), name="qualify"),
    path("<str:number>/assign/", acts.Assign.as_view(), name="assign"),
    path("<str:number>/accept/", acts.Accept.as_view(), name="accept"),
    path("<str:number>/wait/", acts.Wait.as_view(), name="wait"),
    path("<str:number>/resume/", acts.Resume.as_view(), name="resume"),
    path("<str:number>/propose/", acts.Propose.as_view(), name="propose"),
    path("<str:number>/links/", acts.SendLink.as_view(), name="send_link"),
    path("<str:number>/links/<int:pk>/revoke/", acts.RevokeLink.as_view(), name="revoke_link"),
    path("<str:number>/comment/", acts.Comment.as_view(), name="comment"),
    path("<str:number>/resolve/", acts.Resolve.as_view(), name="resolve"),
    path("<str:number>/receive/", acts.ReceiveGoods.as_view(), name="receive"),
    path("<str:number>/withdraw/", acts.Withdraw.as_view(), name="withdraw"),
    path("<str:number>/reopen/", acts.Reopen.as_view(), name="reopen"),
    path("<str:number>/evidence/<int:pk>/", page.Evidence.as_view(), name="evidence"),
]
