"""Addresses of the pages of collections."""

from __future__ import annotations

from django.urls import path

from .views import handovers, links, payment_plans, prints, promises, relays, runs, scenarios, work

app_name = "dunning"

urlpatterns = [
    path("links/<int:key>/", links.link, name="link"),
    path("links/<int:key>/revoke/", links.revoke, name="revoke_link"),
    path("links/<str:code>/new/", links.MakeLink.as_view(), name="make_link"),
    path("work/", work.work_list, name="work_list"),
    path("work/load/", work.workload, name="workload"),
    path("work/<str:code>/call/", work.record_call, name="record_call"),
    path("runs/", runs.RunList.as_view(), name="runs"),
    path("runs/make/", runs.make_run, name="make_run"),
    path("runs/<int:key>/", runs.RunPage.as_view(), name="run"),
    path("runs/<int:key>/approve/", runs.approve_run, name="approve_run"),
    path("runs/<int:key>/print/", prints.print_run, name="print_run"),
    path("reminders/", runs.ReminderList.as_view(), name="reminders"),
    path("reminders/<int:key>/", runs.reminder, name="reminder"),
    path("reminders/<int:key>/number/", runs.note_number, name="note_number"),
    path("reminders/<int:key>/again/", runs.try_again, name="try_again"),
    path("reminders/<int:key>/pdf/", runs.reminder_pdf, name="reminder_pdf"),
    path("reminders/<int:key>/print/", prints.print_letter, name="print_letter"),
    path("scenarios/", scenarios.scenario_list, name="scenarios"),
    path("scenarios/new/", scenarios.ChangeScenario.as_view(), name="new_scenario"),
    path("scenarios/<int:key>/", scenarios.scenario, name="scenario"),
    path("scenarios/<int:key>/change/", scenarios.ChangeScenario.as_view(), name="change_scenario"),
    path("scenarios/<int:key>/retire/", scenarios.retire, name="retire_scenario"),
    path("scenarios/<int:key>/letters/<int:number>/", scenarios.letter, name="letter"),
    path("scenarios/<int:key>/letters/<int:number>/pdf/", scenarios.letter_file, name="letter_file"),
    path("promises/", promises.PromiseList.as_view(), name="promises"),
    path("promises/<int:key>/", promises.promise, name="promise"),
    path("promises/<int:key>/cancel/", promises.CancelPromise.as_view(), name="cancel_promise"),
    path("plans/", payment_plans.PlanList.as_view(), name="plans"),
    path("plans/<int:key>/", payment_plans.plan, name="plan"),
    path("plans/<int:key>/pdf/", payment_plans.paper, name="plan_paper"),
    path("plans/<int:key>/send/", payment_plans.SendPlan.as_view(), name="send_plan"),
    path("plans/<int:key>/sign/", payment_plans.SignPlan.as_view(), name="sign_plan"),
    path("plans/<int:key>/approve/", payment_plans.approve, name="approve_plan"),
    path("plans/<int:key>/cancel/", payment_plans.CancelPlan.as_view(), name="cancel_plan"),
    path("plans/<int:key>/break/", payment_plans.BreakPlan.as_view(), name="break_plan"),
    path("plans/<int:key>/notice/", payment_plans.give_notice, name="give_notice"),
    path("plans/<int:key>/notice/pdf/", payment_plans.notice, name="plan_notice"),
    path("hand-overs/", handovers.HandOverList.as_view(), name="hand_overs"),
    path("hand-overs/<int:key>/", handovers.hand_over, name="hand_over"),
    path("hand-overs/<int:key>/file/", handovers.bundle, name="hand_over_file"),
    path("hand-overs/<int:key>/cost/", handovers.AddCost.as_view(), name="add_cost"),
    path("hand-overs/<int:key>/claim/", handovers.NoteClaim.as_view(), name="note_claim"),
    path("hand-overs/<int:key>/end/", handovers.EndHandOver.as_view(), name="end_hand_over"),
    path("clients/<str:code>/hand-over/", handovers.MakeHandOver.as_view(), name="make_hand_over"),
    path("clients/<str:code>/limitation/", handovers.Interrupt.as_view(), name="interrupt"),
    path("clients/<str:code>/pass-on/", relays.PassOn.as_view(), name="pass_on"),
    path("clients/<str:code>/plan/", payment_plans.MakePlan.as_view(), name="make_plan"),
    path("clients/<str:code>/promise/", promises.MakePromise.as_view(), name="make_promise"),
]
