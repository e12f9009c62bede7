"""Notes of staff on a member: written, read by colleagues, deleted, and gone with the person."""

from __future__ import annotations

import uuid

import pytest
from django.utils import timezone

from loyalty.models import Member, StaffNote
from loyalty.selectors.personal_data import document_about
from loyalty.services import notes
from loyalty.services.intake import record
from loyalty.services.merging import merge
from loyalty.services.observations import Person, PersonSeen, Subject
from loyalty.services.privacy import redact
from tests.dashboard.conftest import SCRIPT, Ask, Seen, words
from tests.factories import ALICE, make_order, place

pytestmark = pytest.mark.django_db


def path(seen: Seen) -> str:
    return f"/dashboard/members/{seen.member.pk}/notes/"


def write(ask: Ask, seen: Seen, text: str, key: str = "") -> str:
    return words(ask(path(seen), seen.shop, "post", key=key or str(uuid.uuid4()), text=text))


def test_a_note_is_written_once_and_stands_on_the_members_page(ask: Ask, ours: Seen) -> None:
    member_page = f"/dashboard/members/{ours.member.pk}/"
    assert "Write a note" in words(ask(member_page, ours.shop))
    for _press in range(2):
        said = write(ask, ours, "Rings twice.\nLikes tea.", "a" * 36)
    assert "Rings twice." in said
    assert StaffNote.objects.get(shop=ours.shop).actor == "the shop"
    shown = words(ask(member_page, ours.shop))
    assert "Notes 1 All notes Rings twice. Likes tea." in shown
    assert "Write a note" not in shown


def test_a_deleted_note_is_back_in_the_field_once(ask: Ask, ours: Seen) -> None:
    write(ask, ours, "Rings twice.")
    note = StaffNote.objects.get(shop=ours.shop)
    gone = ask(f"{path(ours)}{note.pk}/delete/", ours.shop, "post")
    assert "Rings twice.</textarea>" in gone.content.decode()
    assert not StaffNote.objects.filter(shop=ours.shop).exists()
    assert ask(f"{path(ours)}{note.pk}/delete/", ours.shop, "post").status_code == 404


@pytest.mark.parametrize(("text", "said"), [("  ", "Write something first."), ("x" * 1001, "at most 1,000")])
def test_what_is_no_note_is_refused_and_stays_in_the_field(ask: Ask, ours: Seen, text: str, said: str) -> None:
    answer = ask(path(ours), ours.shop, "post", key=str(uuid.uuid4()), text=text)
    assert answer.status_code == 422
    assert said in words(answer)
    assert text.strip() in answer.content.decode()


@pytest.mark.parametrize("key", ["", "x", "\x00" * 36])
def test_a_form_without_its_number_writes_nothing(ask: Ask, ours: Seen, key: str) -> None:
    answer = ask(path(ours), ours.shop, "post", key=key, text="Rings twice.")
    assert answer.status_code == 422
    assert "lost its number" in words(answer)
    assert not StaffNote.objects.filter(shop=ours.shop).exists()


def test_there_is_an_end_of_them(ask: Ask, ours: Seen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notes, "MOST_NOTES", 1)
    for _press in range(2):
        assert "Written down." in write(ask, ours, "One.", "a" * 36)
    assert "Delete one first." in write(ask, ours, "Two.")


def test_a_note_of_another_shop_or_member_is_not_found(ask: Ask, ours: Seen, theirs: Seen) -> None:
    write(ask, theirs, "Theirs.")
    note = StaffNote.objects.get(shop=theirs.shop)
    assert ask(f"{path(ours)}{note.pk}/delete/", ours.shop, "post").status_code == 404
    assert ask(f"{path(theirs)}{note.pk}/delete/", ours.shop, "post").status_code == 404
    assert StaffNote.objects.filter(shop=theirs.shop).exists()


def test_what_was_written_about_a_guest_goes_to_their_account(ask: Ask, ours: Seen) -> None:
    order = make_order("g", at=timezone.now(), currency=ours.shop.currency)
    place(ours.shop, order, Person(email=ALICE.email))
    guest = Member.objects.get(shop=ours.shop, email=ALICE.email)
    assert guest.external_id is None
    answer = ask(f"/dashboard/members/{guest.pk}/notes/", ours.shop, "post", key=str(uuid.uuid4()), text="Rings twice.")
    assert answer.status_code == 200
    record(shop=ours.shop, observations=[PersonSeen(person=ALICE, at=timezone.now())], at=timezone.now())
    assert StaffNote.objects.get(shop=ours.shop).member.external_id == ALICE.external_id


def test_what_was_typed_is_escaped(ask: Ask, ours: Seen) -> None:
    write(ask, ours, SCRIPT)
    for address in (path(ours), f"/dashboard/members/{ours.member.pk}/"):
        assert SCRIPT not in ask(address, ours.shop).content.decode()


def test_it_is_in_the_copy_of_their_data_moves_with_them_and_goes_when_they_are_forgotten(ask: Ask, ours: Seen) -> None:
    write(ask, ours, "Rings twice.")
    now = timezone.now()
    copy = document_about(shop=ours.shop, members=[ours.member], at=now)
    assert copy["people"][0]["notes_of_staff"][0]["text"] == "Rings twice."
    merge(shop=ours.shop, kept_id="kept", gone_id="c0", at=now)
    kept = Member.objects.get(shop=ours.shop, external_id="kept")
    assert StaffNote.objects.get(shop=ours.shop).member == kept
    redact(shop=ours.shop, subject=Subject(customer_id="kept"), request_id="r", at=now)
    assert not StaffNote.objects.filter(shop=ours.shop).exists()
