"""What the law gives people: a copy of what we hold on them, and to be forgotten. Whole stores: forgetting_shops.py.

Forgetting keeps every movement of points: the member stays with the platform's number and no name, so that the ledger
still adds up and can be folded again. What was said about the person goes at once with the request (`redact`), and what
lies in kept messages by a message to the worker (`forget_traces`), because searching them may take long.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec
import structlog
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Q

from loyalty.engine.errors import Unavailable
from loyalty.models import (
    EmailCode,
    Forgotten,
    HouseholdMark,
    Member,
    PrivacyRequest,
    QueueState,
    Redemption,
    Shop,
    ShopperDevice,
    StoredFact,
)
from loyalty.selectors.personal_data import document_about
from loyalty.services import notes
from loyalty.services.facts import UNSAID, unsay
from loyalty.services.forgetting import key_of_customer, key_of_email, key_of_order
from loyalty.services.observations import Subject
from loyalty.services.outbox import leave
from loyalty.services.posting import lock_members
from loyalty.services.profiles import forget_birthdays
from loyalty.services.traces import Marks, deliveries_with, messages_with

log = structlog.get_logger("regulars.privacy")

FORGET = "privacy.forget"
EXPORT = "privacy.export"
ANSWER_WITHIN = timedelta(days=30)
"""What the platforms and the law give."""
COPY_KEPT = timedelta(days=60)
"""A copy is the person's whole life with the shop in one place: it is not kept for longer than it is of use."""
MAX_COPY_BYTES = 20_000_000

Kind = PrivacyRequest.Kind


class Traces(msgspec.Struct, frozen=True):
    """What the worker looks for, kept encrypted until it is done: by then the tables know nothing of it any more."""

    subject: Subject
    numbers: list[str]
    words: list[str]


_decode_subject = msgspec.json.Decoder(Subject).decode
_decode_traces = msgspec.json.Decoder(Traces).decode


@transaction.atomic
def redact(*, shop: Shop, subject: Subject, request_id: str, at: datetime) -> int:
    """Forgets the person now, and leaves the search of kept messages to the worker. Asked again it changes nothing.
    Returns how many members were meant; one we never knew is remembered as forgotten all the same."""
    traces = _traces(shop, subject)
    count = _forget_people(shop, subject, at)
    values = {"customer_id": subject.customer_id[:64], "asked_at": at}
    PrivacyRequest.objects.get_or_create(shop=shop, kind=Kind.REDACT, request_id=request_id[:128], defaults=values)
    leave(shop=shop, kind=FORGET, subject=request_id[:128], at=at, secret=msgspec.json.encode(traces).decode())
    log.info("privacy.redacted", shop=shop.pk, members=count)
    return count


def forget_traces(*, shop: Shop, request_id: str, secret: str, at: datetime) -> None:
    """Empties every kept message about the person. Raises Unavailable while one still waits to be worked: its words are
    forgotten when that is done, so this is asked again."""
    traces = _decode_traces(secret)
    _forget_people(shop, traces.subject, at)  # once more: somebody may have written the name down as we began
    marks = Marks.of(numbers=traces.numbers, words=traces.words)
    waiting = 0
    for delivery in deliveries_with(shop=shop, marks=marks):
        if delivery.state == QueueState.WAITING:
            waiting += 1
            continue
        delivery.body, delivery.state = b"", QueueState.DONE
        delivery.save(update_fields=["body", "state"])
    for message in messages_with(shop=shop, marks=marks, but=(FORGET, EXPORT)):
        message.payload, message.secret = {}, ""
        if message.state != QueueState.DONE:
            message.state, message.done_at, message.outcome = QueueState.DONE, at, "The person was forgotten."
        message.save(update_fields=["payload", "secret", "state", "done_at", "outcome"])
    if waiting:
        raise Unavailable("A message about the person has not been worked yet.", retry_after_seconds=60)
    asked = PrivacyRequest.objects.filter(shop=shop, kind=Kind.REDACT, request_id=request_id)
    asked.update(state=PrivacyRequest.State.DONE, done_at=at)


@transaction.atomic
def ask_export(*, shop: Shop, subject: Subject, request_id: str, at: datetime) -> None:
    """Notes the request and leaves the copy to the worker; the merchant finds it in the dashboard."""
    values = {"customer_id": subject.customer_id[:64], "asked_at": at}
    _, made = PrivacyRequest.objects.get_or_create(
        shop=shop, kind=Kind.EXPORT, request_id=request_id[:128], defaults=values
    )
    if made:
        leave(shop=shop, kind=EXPORT, subject=request_id[:128], at=at, secret=msgspec.json.encode(subject).decode())


def write_export(*, shop: Shop, request_id: str, secret: str, at: datetime) -> None:
    """The copy: everything we hold on the person, kept encrypted."""
    subject = _decode_subject(secret)
    members = list(Member.objects.filter(_means(subject), shop=shop).distinct().order_by("pk"))
    document = document_about(shop=shop, members=members, at=at)
    size, left_out, messages = 0, 0, []
    traces = _traces(shop, subject)
    for delivery in deliveries_with(shop=shop, marks=Marks.of(numbers=traces.numbers, words=traces.words)):
        size += len(bytes(delivery.body))
        if size > MAX_COPY_BYTES:
            left_out += 1
            continue
        said = bytes(delivery.body).decode(errors="replace")
        messages.append({"topic": delivery.topic, "received_at": delivery.received_at.isoformat(), "body": said})
    document |= {"messages_from_the_store": messages, "messages_left_out_for_their_size": left_out}
    asked = PrivacyRequest.objects.filter(shop=shop, kind=Kind.EXPORT, request_id=request_id)
    asked.filter(state=PrivacyRequest.State.WAITING).update(
        state=PrivacyRequest.State.DONE, done_at=at, document=json.dumps(document, ensure_ascii=False, indent=1)
    )


def handed_over(*, shop: Shop, request_pk: int) -> None:
    """The person has the copy: ours is deleted."""
    PrivacyRequest.objects.filter(shop=shop, pk=request_pk, kind=Kind.EXPORT).update(document="")


def forget_copies(*, before: datetime) -> int:
    """Empties copies that are older than they are of use; for the schedule."""
    old = PrivacyRequest.objects.across_shops().filter(kind=Kind.EXPORT, done_at__lt=before - COPY_KEPT)
    return old.exclude(document="").update(document="")


def _means(subject: Subject) -> Q:
    """The account of the id; guests under the e-mail or with one of the orders; without an id every account under the
    e-mail."""
    email = subject.email.strip().lower()
    guests = Q(facts__kind="order", facts__external_id__in=subject.order_ids)
    if email:
        guests |= Q(email=email)
    meant = Q(external_id__isnull=True) & guests
    if subject.customer_id:
        return meant | Q(external_id=subject.customer_id)
    return meant | Q(email=email) if email else meant


def _forget_people(shop: Shop, subject: Subject, at: datetime) -> int:
    with transaction.atomic():
        found = Member.objects.filter(_means(subject), shop=shop).values_list("pk", flat=True)
        meant = set(found)
        meant |= set(Member.objects.filter(shop=shop, merged_into__in=meant).values_list("pk", flat=True))
        members = lock_members(shop=shop, member_ids=meant)
        _remember_to_forget(shop, subject, members, at)
        emails = {member.email for member in members if member.email} | {subject.email.strip().lower()}
        Member.objects.filter(shop=shop, pk__in=meant).update(
            email="", name="", locale="", notified_of=[], letter_due_at=None, letters_said=[], forgotten_at=at
        )
        unsay(shop=shop, member_ids=meant)
        # What staff or the shop's server wrote for this person may name them.
        Redemption.objects.filter(shop=shop, member__in=meant).exclude(note="", failure="").update(note="", failure="")
        forget_birthdays(shop=shop, member_ids=meant, at=at)
        notes.forget(shop=shop, member_ids=meant)
        ShopperDevice.objects.filter(shop=shop, member__in=meant).delete()
        HouseholdMark.objects.filter(shop=shop, member__in=meant).delete()
        EmailCode.objects.filter(shop=shop, email__in=emails - {""}).delete()
        copies = Q(customer_id__in=[member.external_id for member in members if member.external_id])
        exports = PrivacyRequest.objects.filter(copies | _without_account(subject), shop=shop, kind=Kind.EXPORT)
        exports.update(document="")
        _forget_in_staff_log(meant)
    return len(members)


def _without_account(subject: Subject) -> Q:
    """Copies of guests name nobody, so one guest's request empties all of them; they can be asked for again."""
    return Q(customer_id="") if not subject.customer_id else Q(customer_id=subject.customer_id)


def _remember_to_forget(shop: Shop, subject: Subject, members: Sequence[Member], at: datetime) -> None:
    customers = {member.external_id for member in members if member.external_id} | {subject.customer_id}
    emails = {member.email for member in members} | {subject.email}
    held = StoredFact.objects.filter(shop=shop, kind="order", member__in=members).values_list("external_id", flat=True)
    keys = {key_of_customer(number) for number in customers if number}
    keys |= {key_of_email(email) for email in emails if email.strip()}
    keys |= {key_of_order(number) for number in {*held, *subject.order_ids}}
    rows = [Forgotten(shop=shop, key=key[:140], at=at) for key in sorted(keys)]
    Forgotten.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)


def _forget_in_staff_log(member_ids: Iterable[int]) -> None:
    """Django's own log of what staff did shows each row by its name."""
    kind = ContentType.objects.get_for_model(Member)
    rows = LogEntry.objects.filter(content_type=kind, object_id__in=[str(pk) for pk in member_ids])
    rows.update(object_repr=UNSAID, change_message="")


def _traces(shop: Shop, subject: Subject) -> Traces:
    """What tells a message about this person: the platform's numbers, and words that name nobody else."""
    members = list(Member.objects.filter(_means(subject), shop=shop).distinct())
    held = StoredFact.objects.filter(shop=shop, kind="order", member__in=members).values_list("external_id", flat=True)
    numbers = {subject.customer_id, *subject.order_ids, *held}
    words = {subject.email, subject.phone, *(member.email for member in members)}
    return Traces(subject=subject, numbers=sorted(numbers - {""}), words=sorted(words - {""}))
