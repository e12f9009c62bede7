"""Rows of the lists of members, redemptions, deliveries and messages, ready to print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.dashboard.formatting import Format
from loyalty.dashboard.program_text import Offer, offer_name
from loyalty.dashboard.refusals import kept_text
from loyalty.engine.program import Version
from loyalty.models import InboxDelivery, Member, OutboxMessage, Redemption, StaffNote
from loyalty.selectors.fulfilment import BY_HAND
from loyalty.selectors.programs import codes_stay_spent
from loyalty.services.intake import FROM_HISTORY
from loyalty.services.redemptions import may_be_cancelled
from loyalty.services.replaying import can_be_tried


@dataclass(frozen=True, slots=True)
class MemberRow:
    id: int
    name: str
    email: str
    guest: bool
    since: str
    tier: str
    """Its id: the program has the name."""
    available: str
    pending: str


@dataclass(frozen=True, slots=True)
class NoteRow:
    id: int
    text: str
    about: str


@dataclass(frozen=True, slots=True)
class RedemptionRow:
    id: int
    cancellable: bool
    member_id: int
    who: str
    reward: str
    points: str
    code: str
    day: str
    state: str
    tone: str
    about: str
    order_id: int | None
    order_number: str


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    id: int
    what: str
    topic: str
    number: str
    reason: str
    can_be_tried: bool
    moment: str
    ago: str


@dataclass(frozen=True, slots=True)
class UndoneRow:
    """`means` says what follows for shop and shoppers, `why` what was answered the last time."""

    id: int
    what: str
    means: str
    why: str
    can_be_tried: bool
    moment: str
    ago: str


_NO_CODE = ("partner", "access")
"""A partner's code is between the partner and the member; what is open needs none."""
_STATES = {
    "reserved": (gettext_lazy("Being made"), "warn"),
    "issuing": (gettext_lazy("Being made"), "warn"),
    "ready": (gettext_lazy("Ready"), "accent"),
    "used": (gettext_lazy("Used"), "good"),
    "returned": (gettext_lazy("Given back"), ""),
    "expired": (gettext_lazy("Not used in time"), ""),
    "failed": (gettext_lazy("Failed"), "bad"),
}

_TOPICS = {
    "order": gettext_lazy("An order"),
    "refund": gettext_lazy("A refund"),
    "customer": gettext_lazy("A customer"),
    "app": gettext_lazy("A message about the app"),
    "product": gettext_lazy("A product"),
}


_UNDONE = {
    "reward.issue": (
        gettext_lazy("A code could not be made"),
        gettext_lazy("The points are back with the member, who may redeem again."),
    ),
    "reward.pay": (
        gettext_lazy("Cashback of the month could not be paid to a member"),
        gettext_lazy("The points are back with the member; trying again pays what is there then, once."),
    ),
    "reward.give": (
        gettext_lazy("A gift could not be made"),
        gettext_lazy("The member does not have it yet; trying again makes it, once."),
    ),
    "reward.revoke": (
        gettext_lazy("A code that has ended could not be switched off"),
        gettext_lazy("Until it is, whoever has it may still use it. You can also delete it among your discounts."),
    ),
    "reward.fulfil": (
        gettext_lazy("Your server did not do what a member redeemed"),
        gettext_lazy("The points are back with the member, who may redeem again."),
    ),
    "reward.withdraw": (
        gettext_lazy("Your server could not be told that a reward was given back"),
        gettext_lazy("The points are back with the member. See that nobody hands the reward over."),
    ),
    "mail": (gettext_lazy("A mail could not be sent"), gettext_lazy("Nothing else depends on it.")),
    "history.import": (
        gettext_lazy("Your past orders were not read to the end"),
        gettext_lazy("Members and orders from before the app may be missing until they are."),
    ),
    "program.simulate": (
        gettext_lazy("A draft was not tried to the end"),
        gettext_lazy("Nothing depends on it; run it again from the program’s page."),
    ),
    "undone.replay": (
        gettext_lazy("Not everything was put in line again"),
        gettext_lazy("What is left is in this list; try all again."),
    ),
    "orders.reconcile": (
        gettext_lazy("A comparison with your store was not finished"),
        gettext_lazy("Your store is compared every hour all the same."),
    ),
}
_UNDONE["orders.look_up"] = _UNDONE["orders.reconcile"]


def undone_row(message: OutboxMessage, fmt: Format, now: datetime) -> UndoneRow:
    what, means = _UNDONE.get(message.kind, (_("Something could not be done"), ""))
    at = message.due_at  # of a message that was given up, when that was
    return UndoneRow(
        id=message.pk,
        what=str(what),
        means=str(means),
        why=_why(message.outcome),
        can_be_tried=can_be_tried(message),
        moment=fmt.moment(at),
        ago=fmt.ago(at, now),
    )


def _why(outcome: str) -> str:
    """Of an error that nobody foresaw only its kind is kept, which is for whoever runs the server."""
    if outcome.isidentifier():
        return _("Something unforeseen went wrong; the server’s log says more (%(kind)s).") % {"kind": outcome}
    return kept_text(outcome) or _("No reason was noted.")


def name_of(member: Member) -> str:
    return member.name or member.email or _("Customer %(number)s") % {"number": member.external_id or member.pk}


def member_row(member: Member, fmt: Format) -> MemberRow:
    return MemberRow(
        id=member.pk,
        name=name_of(member),
        email=member.email,
        guest=member.external_id is None,
        since=fmt.full_day(member.enrolled_at),
        tier=member.tier,
        available=fmt.points(member.available),
        pending=fmt.points(member.pending) if member.pending else "",
    )


def note_row(note: StaffNote, fmt: Format, now: datetime) -> NoteRow:
    return NoteRow(note.pk, note.text, f"{fmt.day(note.at, now)} · {note.actor}")


def redemption_row(
    redemption: Redemption,
    orders: Mapping[str, tuple[int, str]],
    versions: Sequence[Version],
    fmt: Format,
    now: datetime,
) -> RedemptionRow:
    """`orders` gives the page and the number of the order that used the code; `versions` are all that were published."""
    order_id, number = orders.get(redemption.order_id, (None, ""))
    label, tone = _STATES.get(redemption.state, (redemption.state, ""))
    return RedemptionRow(
        id=redemption.pk,
        cancellable=may_be_cancelled(redemption),
        member_id=redemption.member_id,
        who=name_of(redemption.member),
        reward=_reward(redemption, fmt),
        points=fmt.points(redemption.points),
        code="" if redemption.reward_data.get("kind") in _NO_CODE else redemption.code,
        day=fmt.day(redemption.accepted_at, now),
        state=str(label),
        tone=tone,
        about=_about(redemption, codes_stay_spent(versions, redemption.accepted_at), fmt, now),
        order_id=order_id,
        order_number=number,
    )


def delivery_row(delivery: InboxDelivery, fmt: Format, now: datetime) -> DeliveryRow:
    subject = delivery.topic.replace(".", "/").replace("_", "/").partition("/")[0].rstrip("s")
    return DeliveryRow(
        id=delivery.pk,
        what=str(_TOPICS.get(subject, _("A message"))),
        topic=delivery.topic,
        number=delivery.delivery_id,
        reason=kept_text(delivery.outcome) or _("No reason was noted."),
        can_be_tried=not delivery.topic.endswith(FROM_HISTORY),
        moment=fmt.moment(delivery.received_at),
        ago=fmt.ago(delivery.received_at, now),
    )


def _reward(redemption: Redemption, fmt: Format) -> str:
    """As it was when it was redeemed, whatever the program offers today."""
    data = redemption.reward_data
    name = str(data.get("name") or redemption.reward)
    kind, percent = str(data.get("kind", "")), int(data.get("percent", 0))
    return offer_name(Offer(kind, name, redemption.value_minor, percent, fmt.currency, fmt.exponent), fmt)


def _about(redemption: Redemption, stays_spent: bool, fmt: Format, now: datetime) -> str:
    state = Redemption.State
    if redemption.state == state.READY and redemption.expires_at:
        words = {"day": fmt.day(redemption.expires_at, now)}
        if redemption.reward_data.get("kind") == "access":
            return _("open until %(day)s") % words
        if redemption.external_id == BY_HAND:
            return _("to be done until %(day)s, then the points come back") % words
        if stays_spent:
            return _("until %(day)s; not used by then, the points stay spent") % words
        return _("until %(day)s, then the points come back") % words
    if redemption.state == state.EXPIRED and stays_spent and redemption.reward_data.get("kind") != "custom":
        return _("the points stay spent")
    if redemption.state in (state.RETURNED, state.EXPIRED, state.FAILED):
        failure = kept_text(redemption.failure)
        return " ".join(part for part in (_("the points are back"), failure and f"({failure})") if part)
    return ""
