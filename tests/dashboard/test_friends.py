"""Friends who may be whoever brought them: staff look, and say which it is."""

from __future__ import annotations

from django.utils import timezone

from loyalty.models import Member, Referral
from tests.dashboard.conftest import Ask, Seen, words


def test_friends_who_may_be_one_person_wait_for_a_look(ours: Seen, theirs: Seen, ask: Ask) -> None:
    friend = Member.objects.create(shop=ours.shop, external_id="f-1", name="Friend", enrolled_at=timezone.now())
    assert "Nobody waits for a look" in words(ask("/dashboard/members/friends/", ours.shop))
    held = [
        Referral.objects.create(
            shop=ours.shop,
            referrer=ours.member,
            friend=friend,
            claimed_at=timezone.now(),
            state="held",
            why="same_home",
        )
    ]
    assert "1 friend to look at" in words(ask("/dashboard/", ours.shop))
    said = words(ask("/dashboard/members/friends/", ours.shop))
    assert "Friend" in said
    assert "the same address and surname" in said
    unsaid = ask(f"/dashboard/members/friends/{held[0].pk}/", ours.shop, "post")
    assert (unsaid.status_code, "Nothing was decided" in words(unsaid)) == (422, True)
    assert Referral.objects.get(shop=ours.shop, pk=held[0].pk).state == Referral.State.HELD
    assert ask(f"/dashboard/members/friends/{held[0].pk}/", theirs.shop, "post", outcome="one").status_code == 404
    assert Referral.objects.get(shop=ours.shop, pk=held[0].pk).state == Referral.State.HELD
    page = ask(f"/dashboard/members/friends/{held[0].pk}/", ours.shop, "post", outcome="one")
    assert "Nobody is thanked." in words(page)
    held[0].refresh_from_db()
    assert (held[0].state, held[0].why) == ("refused", "same_home")
    again = ask(f"/dashboard/members/friends/{held[0].pk}/", ours.shop, "post", outcome="two")
    assert "does not wait for a look any more" in words(again), "pressed twice, or in a second tab"
    assert again.status_code == 200


def test_two_people_whom_the_program_no_longer_thanks_get_nothing_and_staff_read_why(ours: Seen, ask: Ask) -> None:
    friend = Member.objects.create(shop=ours.shop, external_id="f-1", name="Friend", enrolled_at=timezone.now())
    people = {"shop": ours.shop, "referrer": ours.member, "friend": friend}
    held = Referral.objects.create(**people, claimed_at=timezone.now(), state="held", why="same_home")
    page = words(ask(f"/dashboard/members/friends/{held.pk}/", ours.shop, "post", outcome="two"))
    assert "The live program thanks nobody for bringing friends: nobody is thanked." in page
