"""/dashboard/...: every page of the merchant. tests/dashboard/test_access.py holds an expectation for each."""

from __future__ import annotations

from django.urls import path

from loyalty.dashboard import (
    birthdays,
    ecwid_settings,
    first_run,
    friends,
    fulfilment,
    goal_figure,
    notes,
    plan,
    tier_grants,
    views,
    widget_page,
)
from loyalty.dashboard.program_urls import PROGRAM

app_name = "dashboard"
urlpatterns = [
    path("", views.home, name="home"),
    path("goal/", goal_figure.goal, name="goal"),
    path("start/", first_run.start, name="start"),
    path("start/questions/", first_run.questions, name="questions"),
    path("start/launch/", first_run.launch, name="launch"),
    path("start/widget/", first_run.start_widget, name="start_widget"),
    path("widget/", widget_page.widget, name="widget"),
    path("widget/preview/", widget_page.widget_preview, name="widget_preview"),
    path("widget/secret/", widget_page.widget_secret, name="widget_secret"),
    path("members/", views.members, name="members"),
    path("members/friends/", friends.friends, name="friends"),
    path("members/friends/<int:referral_id>/", friends.friend_settle, name="friend_settle"),
    path("members/<int:member_id>/", views.member, name="member"),
    path("members/<int:member_id>/adjust/", views.adjust, name="adjust"),
    path("members/<int:member_id>/birthday/", birthdays.birthday, name="birthday"),
    path("members/<int:member_id>/tier/", tier_grants.tier_grant, name="tier_grant"),
    path("members/<int:member_id>/tier/<int:fact_id>/", tier_grants.tier_grant_end, name="tier_grant_end"),
    path("members/<int:member_id>/notes/", notes.notes, name="notes"),
    path("members/<int:member_id>/notes/<int:note_id>/delete/", notes.note_delete, name="note_delete"),
    path("orders/", views.orders, name="orders"),
    path("orders/<int:fact_id>/", views.order, name="order"),
    path("redemptions/", views.redemptions, name="redemptions"),
    path("redemptions/<int:redemption_id>/cancel/", views.redemption_cancel, name="redemption_cancel"),
    path("redemptions/to-do/", fulfilment.todo, name="todo"),
    path("redemptions/to-do/secret/", fulfilment.todo_secret, name="todo_secret"),
    path("redemptions/to-do/<int:redemption_id>/", fulfilment.todo_settle, name="todo_settle"),
    path("redemptions/partner-codes/", fulfilment.partner_codes, name="partner_codes"),
    path("redemptions/partner-codes/<path:reward_id>/", fulfilment.partner_upload, name="partner_upload"),
    *PROGRAM,
    path("plan/", plan.plan, name="plan"),
    path("store/", ecwid_settings.store, name="store"),
    path("deliveries/", views.deliveries, name="deliveries"),
    path("comparisons/", views.comparisons, name="comparisons"),
    path("comparisons/<int:comparison_id>/", views.comparison, name="comparison"),
    path("undone/", views.undone, name="undone"),
    path("undone/replay/", views.undone_replay_all, name="undone_replay_all"),
    path("undone/<int:message_id>/replay/", views.undone_replay, name="undone_replay"),
    path("privacy/", views.privacy, name="privacy"),
    path("privacy/<int:request_id>/", views.privacy_copy, name="privacy_copy"),
    path("privacy/<int:request_id>/handed/", views.privacy_handed, name="privacy_handed"),
    path("deliveries/<int:delivery_id>/replay/", views.delivery_replay, name="delivery_replay"),
]
