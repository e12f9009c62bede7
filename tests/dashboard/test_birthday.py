"""Staff correct a birthday, or take it away; the member finds what they set."""

from __future__ import annotations

import pytest
from django.utils import timezone

from loyalty.models import StoredFact
from loyalty.selectors.ways_in import told_by
from tests.dashboard.conftest import Ask, Seen

pytestmark = pytest.mark.django_db


def birthday(seen: Seen) -> str:
    return told_by(shop=seen.shop, member=seen.member, at=timezone.now()).birthday


def test_staff_set_change_and_take_a_birthday_away(ours: Seen, ask: Ask) -> None:
    where = f"/dashboard/members/{ours.member.pk}/birthday/"
    for form, day in (({"month": "02", "day": "29"}, "02-29"), ({"month": "12", "day": "1"}, "12-01"), ({}, "")):
        answer = ask(where, ours.shop, "post", **form)
        assert (answer.status_code, answer["HX-Push-Url"]) == (200, f"/dashboard/members/{ours.member.pk}/")
        assert birthday(ours) == day
    assert "not known any more" in answer.content.decode()
    assert StoredFact.objects.filter(shop=ours.shop, kind="profile").count() == 3
    assert not StoredFact.objects.filter(shop=ours.shop, kind="activity", external_id__startswith="profile").exists()


@pytest.mark.parametrize(("month", "day"), [("02", "30"), ("13", "01"), ("02", ""), ("", "5"), ("x", "y"), ("<b", "1")])
def test_what_is_no_day_is_refused_with_a_sentence(ours: Seen, ask: Ask, month: str, day: str) -> None:
    answer = ask(f"/dashboard/members/{ours.member.pk}/birthday/", ours.shop, "post", month=month, day=day)
    assert (answer.status_code, answer["HX-Push-Url"]) == (422, "false")
    assert "There is no such day" in answer.content.decode()
    assert birthday(ours) == ""


def test_the_form_shows_what_is_known(ours: Seen, ask: Ask) -> None:
    where = f"/dashboard/members/{ours.member.pk}/birthday/"
    ask(where, ours.shop, "post", month="05", day="17")
    shown = ask(where, ours.shop).content.decode()
    assert '<option value="05" selected>May</option>' in shown
    assert '<option value="17" selected>17</option>' in shown


def test_another_shops_member_is_not_found(ours: Seen, theirs: Seen, ask: Ask) -> None:
    assert ask(f"/dashboard/members/{theirs.member.pk}/birthday/", ours.shop).status_code == 404
    assert ask(f"/dashboard/members/{theirs.member.pk}/birthday/", ours.shop, "post").status_code == 404
