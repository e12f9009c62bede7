"""The life of one redemption: reserved, issuing, ready, used - or given back, expired, failed. Never half."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import cast

import msgspec
import structlog
from django.db import transaction

from loyalty.engine.errors import Conflict, NotFound, Refused
from loyalty.engine.facts import Adjustment, Fact, Order, decode
from loyalty.engine.phrases import Phrase
from loyalty.engine.program import Program, Reward, Version
from loyalty.engine.rewards import LASTING, Event, accept, end_of, transition
from loyalty.engine.rewards import State as EngineState
from loyalty.models import Member, OutboxMessage, ProgramVersion, QueueState, Redemption, Shop, StoredFact
from loyalty.selectors.fulfilment import BY_HAND
from loyalty.selectors.members import standing_of
from loyalty.selectors.partner_codes import codes_left
from loyalty.selectors.programs import codes_stay_spent, in_force_at, versions_of
from loyalty.selectors.widget import taken_of
from loyalty.services.codes import GIFT, GIVE, MAKING, PAID_OUT, REVOKE, promise, taken_back_by
from loyalty.services.facts import append, replace
from loyalty.services.outbox import leave
from loyalty.services.partner_codes import hand_out, put_back
from loyalty.services.posting import fold_and_post, lock_members

log = structlog.get_logger("regulars.redemptions")
State = Redemption.State
IN_CART = "cart"
"""What `issue` of a platform returns where there is no code to type: the cart asks us what a redemption takes off."""
KEYS_LIVE = timedelta(hours=24)
_ENDS: dict[str, Event] = {"failed": "fail", "cancelled": "cancel", "expired": "expire"}
_GONE = {
    "gift_card": Phrase(
        "A gift card that was handed over is money; what is left on it is settled in the store's admin."
    ),
    "partner": Phrase(
        "The member has seen the partner's code, so it can't be handed to anybody else, and is not taken back."
    ),
}
_CLOSED = Phrase("Rewards can't be redeemed in this shop at the moment.")
_HOLDS_UP = ("closed", "paused")
_NOTHING_TO_PAY = ("not_found", "not_offered", "not_enough_points")
_LIVE = (State.RESERVED, State.ISSUING, State.READY)
GIVEN_BACK = (State.RETURNED, State.FAILED, State.EXPIRED)


@transaction.atomic
def redeem(
    *, shop: Shop, member_id: int, reward_id: str, request_key: str, at: datetime, points: int | None = None
) -> Redemption:
    """Takes the points and leaves the making of the code to the outbox, in one transaction. For 24 hours the same key
    and request give the same redemption. Raises NotFound, Refused (with what is missing), Conflict (the key was used
    otherwise)."""
    digest = _digest(reward_id, points)
    locked = lock_members(shop=shop, member_ids=[member_id])
    if not locked:
        raise NotFound("There is no such member in this shop.")
    member = locked[0]
    before = Redemption.objects.filter(shop=shop, member=member, request_key=request_key).first()
    if before is not None and before.accepted_at <= at - KEYS_LIVE:
        Redemption.objects.filter(shop=shop, pk=before.pk).update(request_key=str(before.number))
    elif before is not None:
        if before.request_digest != digest:
            raise Conflict("This key was used for another request. Use a new Idempotency-Key for a new redemption.")
        return before
    versions = versions_of(shop)
    version = in_force_at(versions, at)
    if version is None or shop.status != Shop.Status.ACTIVE:
        raise Refused(_CLOSED, code="closed")
    return _take(shop, member, versions, version.program, reward_id, points, (request_key, digest), at)


@transaction.atomic
def pay_out(*, shop: Shop, member_id: int, reward_id: str, period: str, at: datetime) -> Redemption | None:
    """Pays a member's cashback for one period, once, whoever asks and however often. None where that is done or there is
    nothing to pay; the caller knows that the program pays. Raises Refused for what holds everybody up and may be over
    later: redeeming is paused, the shop is closed."""
    key = f"{PAID_OUT}{reward_id}:{period}"
    locked = lock_members(shop=shop, member_ids=[member_id])
    if not locked or Redemption.objects.filter(shop=shop, member=locked[0], request_key=key).exists():
        return None
    try:
        return _pay(shop, locked[0], reward_id, key, at)
    except (NotFound, Refused) as error:
        if error.code in _HOLDS_UP:
            raise
        return None


@transaction.atomic
def pay_again(*, shop: Shop, number: str | uuid.UUID, at: datetime) -> Redemption | None:
    """Pays what the platform refused and whose points came back: as much as there is now, once however often it is
    asked for. None where that was done, or where there is nothing to pay any more. Raises Refused for what may be over
    later: redeeming is paused, the shop is closed."""
    member, failed = _locked(shop, number)
    key = failed.request_key
    if failed.state != State.FAILED or not key.startswith(PAID_OUT) or member.forgotten_at is not None:
        return None
    Redemption.objects.filter(shop=shop, pk=failed.pk).update(request_key=str(failed.number))
    try:
        return _pay(shop, member, failed.reward, key, at)
    except (NotFound, Refused) as error:
        if error.code in _NOTHING_TO_PAY:
            return None
        raise


@transaction.atomic
def give_again(*, shop: Shop, number: str | uuid.UUID, at: datetime) -> Redemption | None:
    """Promises a gift once more that the platform would not make, under the key of what was given, so once however
    often it is asked for; as the program describes it now, where it still does. None where that was done."""
    member, failed = _locked(shop, number)
    key = failed.request_key
    if failed.state != State.FAILED or not key.startswith(GIFT) or member.forgotten_at is not None:
        return None
    Redemption.objects.filter(shop=shop, pk=failed.pk).update(request_key=str(failed.number))
    version = in_force_at(versions_of(shop), at)
    offered = version.program.rewards if version else ()
    reward = next((each for each in offered if each.id == failed.reward), None)
    reward = reward or msgspec.convert(failed.reward_data, Reward)
    redemption = promise(
        shop=shop,
        member=member,
        reward=reward,
        points=0,
        value_minor=reward.value_minor,
        request_key=key,
        request_digest=failed.request_digest,
        at=at,
        expires_at=end_of(reward, at),
    )
    fold_and_post(shop=shop, members=[member], at=at)
    return redemption


def _pay(shop: Shop, member: Member, reward_id: str, key: str, at: datetime) -> Redemption:
    """Under the member's lock: of the program's cashback, whoever may ask for it at other times."""
    versions = versions_of(shop)
    version = in_force_at(versions, at)
    if version is None or shop.status != Shop.Status.ACTIVE:
        raise Refused(_CLOSED, code="closed")
    cashback = (each for each in version.program.rewards if each.kind == "cashback")
    rewards = tuple(msgspec.structs.replace(each, payout_day=0) for each in cashback)
    program = msgspec.structs.replace(version.program, rewards=rewards)
    return _take(shop, member, versions, program, reward_id, None, (key, _digest(reward_id, None)), at)


def _digest(reward_id: str, points: int | None) -> str:
    return hashlib.sha256(msgspec.json.encode([reward_id, points])).hexdigest()


def _take(
    shop: Shop,
    member: Member,
    versions: Sequence[Version],
    program: Program,
    reward_id: str,
    points: int | None,
    key_and_digest: tuple[str, str],
    at: datetime,
) -> Redemption:
    """Under the member's lock: asks the engine of the folded balance, promises, and posts."""
    request_key, digest = key_and_digest
    _queue_for_what_is_scarce(shop, program, reward_id)
    asked = [each for each in program.rewards if each.id == reward_id]
    partners = [each.id for each in asked if each.kind == "partner"]
    own, everybodys = taken_of(shop, member, program, asked, at).get(reward_id, (0, 0))
    accepted = accept(
        standing_of(shop=shop, member=member, as_of=at, versions=versions),
        program,
        reward_id,
        as_of=at,
        points=points,
        taken_by_member=own,
        taken_in_total=everybodys,
        codes_left=codes_left(shop=shop, rewards=partners, at=at).get(reward_id, 0) if partners else 0,
    )
    redemption = promise(
        shop=shop,
        member=member,
        reward=asked[0],
        points=accepted.points,
        value_minor=accepted.value_minor,
        request_key=request_key,
        request_digest=digest,
        at=at,
        expires_at=accepted.expires_at,
    )
    if accepted.kind == "partner":
        hand_out(shop=shop, redemption=redemption, at=at)
    fold_and_post(shop=shop, members=[member], at=at)
    return redemption


def _queue_for_what_is_scarce(shop: Shop, program: Program, reward_id: str) -> None:
    """A limit for all members together is no single member's: who may take the last one is settled under the lock of
    the shop's first version, taken after the member's. Rewards without such a limit never wait."""
    reward = next((each for each in program.rewards if each.id == reward_id), None)
    if reward is not None and (reward.limit_total is not None or reward.stock is not None):
        versions = ProgramVersion.objects.filter(shop=shop).order_by("number")
        versions.select_for_update(no_key=True, of=("self",)).first()


@transaction.atomic
def hand_out_code(*, shop: Shop, number: str | uuid.UUID, at: datetime) -> str:
    """What `issue` of a platform is for others: the name of the partner's code. It was taken with the points; a gift
    takes it here. Raises Refused where none is left."""
    _, redemption = _locked(shop, number)
    if redemption.state != State.ISSUING:
        return ""
    return f"partner code {hand_out(shop=shop, redemption=redemption, at=at).pk}"


@transaction.atomic
def mark_done(*, shop: Shop, number: str | uuid.UUID, note: str, actor: str, at: datetime) -> Redemption:
    """Staff have done what was promised; `note` is for the member. Done twice changes nothing. Raises Conflict where it
    has ended otherwise, and Refused for what is not in staff's hands."""
    member, redemption = _locked(shop, number)
    if redemption.external_id != BY_HAND:
        raise Refused("This reward is not done by hand.", code="not_by_hand")
    if redemption.state == State.USED:
        return redemption
    _move(redemption, "use")
    redemption.closed_at = at
    redemption.note = _unless_forgotten(member, note)
    redemption.save(update_fields=["state", "closed_at", "note"])
    log.info("redemption.done_by_hand", shop=shop.pk, redemption=str(redemption.number), actor=actor)
    return redemption


@transaction.atomic
def end_access(*, shop: Shop, number: str | uuid.UUID, at: datetime) -> Redemption:
    """What was open until now is closed; the points stay spent. What has ended already stays as it is."""
    _, redemption = _locked(shop, number)
    if redemption.state == State.READY:
        _move(redemption, "use")
        redemption.closed_at = at
        redemption.save(update_fields=["state", "closed_at"])
        leave(shop=shop, kind=REVOKE, subject=str(redemption.number), at=at)
    return redemption


def _locked(shop: Shop, number: str | uuid.UUID) -> tuple[Member, Redemption]:
    """The member first, then the redemption: the order in which everything here locks."""
    member_id = Redemption.objects.filter(shop=shop, number=number).values_list("member_id", flat=True).first()
    if member_id is None:
        raise NotFound("There is no such redemption in this shop.")
    member = lock_members(shop=shop, member_ids=[member_id])[0]
    return member, Redemption.objects.select_for_update(of=("self",)).get(shop=shop, number=number)


def _unless_forgotten(member: Member, words: str) -> str:
    """What staff or a shop's server write for a member may name them."""
    return "" if member.forgotten_at else words[:500]


def _move(redemption: Redemption, event: Event) -> None:
    redemption.state = transition(cast(EngineState, redemption.state), event)


@transaction.atomic
def begin_issuing(*, shop: Shop, number: str | uuid.UUID) -> Redemption:
    """Before the platform is asked: from here on the code may exist there. A redemption past this comes back as it is."""
    _, redemption = _locked(shop, number)
    if redemption.state == State.RESERVED:
        _move(redemption, "issue")
        redemption.save(update_fields=["state"])
    return redemption


@transaction.atomic
def mark_ready(*, shop: Shop, number: str | uuid.UUID, external_id: str, at: datetime, note: str = "") -> Redemption:
    """The code works. Where the redemption ended meanwhile, the code is taken away again. Store credit leaves nothing to
    be used: it is in the account, and the redemption is over; so is what the shop's own server has done, with its note
    for the member."""
    member, redemption = _locked(shop, number)
    redemption.external_id = external_id
    if redemption.state == State.ISSUING:
        _move(redemption, "issued")
        redemption.ready_at = at
        redemption.note = _unless_forgotten(member, note)
        if redemption.reward_data.get("kind") == "store_credit" or redemption.reward_data.get("webhook_url"):
            _move(redemption, "use")
            redemption.closed_at = at
    elif redemption.state in GIVEN_BACK:
        leave(shop=shop, kind=taken_back_by(redemption.reward_data), subject=str(redemption.number), at=at)
    redemption.save(update_fields=["external_id", "state", "ready_at", "closed_at", "note"])
    return redemption


@transaction.atomic
def give_back(*, shop: Shop, number: str | uuid.UUID, why: str, at: datetime, failure: str = "") -> Redemption:
    """Ends an unused redemption: `why` is failed, cancelled or expired. The points return to the lots they came from;
    those of a code that has expired, by the program's policy.
    A redemption that has ended already stays as it is. Raises Refused for what was handed over for good."""
    member, redemption = _locked(shop, number)
    if redemption.state not in _LIVE:
        return redemption
    if not may_be_cancelled(redemption):
        raise Refused(_GONE[redemption.reward_data["kind"]])
    may_exist = redemption.state != State.RESERVED
    put_back(shop=shop, redemption=redemption)
    _move(redemption, _ENDS[why])
    redemption.closed_at = at
    redemption.failure = _unless_forgotten(member, failure)
    redemption.save(update_fields=["state", "closed_at", "failure"])
    row = StoredFact.objects.get(shop=shop, kind="redemption", external_id=str(redemption.number))
    fact = decode(row.body)
    # What the shop did not do in time is no fault of the member's, whatever becomes of codes that are not used in time.
    told = "failed" if why == "expired" and redemption.reward_data.get("kind") == "custom" else why
    replace(row=row, fact=msgspec.structs.replace(fact, given_back_at=at, given_back_why=told))
    if may_exist:
        # A worker may be asking the platform this moment, and the code come after the REVOKE found none. So its ISSUE
        # stays: the worker that ends it, or takes it over from the dead, finds the redemption ended and revokes.
        leave(shop=shop, kind=taken_back_by(redemption.reward_data), subject=str(redemption.number), at=at)
    else:
        waiting = OutboxMessage.objects.filter(
            shop=shop, kind__in=MAKING, subject=str(redemption.number), state="waiting"
        )
        waiting.update(state="done", done_at=at, outcome=why)
    fold_and_post(shop=shop, members=[member], at=at)
    return redemption


@transaction.atomic
def claim(*, shop: Shop, number: str | uuid.UUID, external_id: str) -> bool:
    """Of a redemption that has ended: notes what the platform made for it, before that is taken away, so that nobody
    else takes it for theirs. False where it is another's already."""
    member, redemption = _locked(shop, number)
    if Redemption.objects.filter(shop=shop, member=member, external_id=external_id).exclude(pk=redemption.pk).exists():
        return False
    redemption.external_id = external_id
    redemption.save(update_fields=["external_id"])
    return True


def take_up_again(*, shop: Shop, at: datetime) -> None:
    """We may write to the store again: codes whose points came back while we might not are taken away now, and gifts
    that could not be made are made."""
    dead = OutboxMessage.objects.filter(shop=shop, kind__in=(REVOKE, GIVE), state=QueueState.DEAD)
    for kind, subject in set(dead.values_list("kind", "subject")):
        leave(shop=shop, kind=kind, subject=subject, at=at)
    dead.update(state=QueueState.DONE, done_at=at)


def may_be_cancelled(redemption: Redemption) -> bool:
    """Whether it is unused, and nothing that was handed over for good."""
    is_gone = redemption.state == State.READY and redemption.reward_data.get("kind") in LASTING
    return redemption.state in _LIVE and not is_gone


def cancel(*, shop: Shop, number: str | uuid.UUID, at: datetime) -> Redemption:
    """Takes an unused code back, for staff: the points return. Raises Conflict for one that was used or has ended."""
    redemption = give_back(shop=shop, number=number, why="cancelled", at=at)
    if redemption.state == State.USED:
        raise Conflict("This code was used for an order. Its points can't come back.", code="code_used")
    return redemption


def cancel_own(*, shop: Shop, member: Member, number: str | uuid.UUID, at: datetime) -> Redemption:
    """The same for the member who took it. Raises NotFound for somebody else's, Refused where the program keeps to it, and
    once it has ended where its points stay spent then."""
    redemption = Redemption.objects.filter(shop=shop, member=member, number=number).first()
    if redemption is None:
        raise NotFound("There is no such redemption.")
    has_ended = redemption.expires_at is not None and redemption.expires_at <= at
    if has_ended and codes_stay_spent(versions_of(shop), redemption.accepted_at):
        raise Refused("This reward can't be given back.", code="not_cancellable")
    if not redemption.reward_data.get("cancellable", True):
        raise Refused("This reward can't be given back.", code="not_cancellable")
    return cancel(shop=shop, number=number, at=at)


def holders_of(*, shop: Shop, orders: Sequence[Order]) -> set[int]:
    """The members whose codes these orders carry; the caller locks them beside the buyers."""
    codes = _codes_of(orders)
    if not codes:
        return set()
    return set(Redemption.objects.filter(shop=shop, code__in=list(codes)).values_list("member_id", flat=True))


def mark_used(*, shop: Shop, orders: Sequence[Order], at: datetime) -> set[int]:
    """Links redemptions to the orders that used their codes. Returns the members whose facts changed: a code that had
    ended here and worked there all the same gave its discount, so its points stay spent - as they would have if the
    order had been heard in time. The caller holds the holders' locks."""
    used = _codes_of(orders)
    if not used:
        return set()
    rows = Redemption.objects.select_for_update(of=("self",)).filter(shop=shop, code__in=list(used))
    changed = set()
    again: list[tuple[int, Fact]] = []
    for redemption in rows.order_by("pk"):
        if not redemption.order_id:
            if redemption.state in GIVEN_BACK:
                _keep_spent(redemption)
                changed.add(redemption.member_id)
            redemption.state = State.USED
            redemption.order_id = used[redemption.code][0].id
            redemption.closed_at = at
            redemption.save(update_fields=["state", "order_id", "closed_at"])
        if redemption.external_id == IN_CART and redemption.points:
            others = (order for order in used[redemption.code] if order.id != redemption.order_id)
            again += [(redemption.member_id, _charged_again(redemption, order, at)) for order in others]
    return changed | append(shop=shop, facts=again)


def _codes_of(orders: Sequence[Order]) -> dict[str, list[Order]]:
    """Codes are compared in upper case, as platforms do."""
    found: dict[str, list[Order]] = {}
    for order in orders:
        for code in order.discount_codes:
            found.setdefault(code.strip().upper(), []).append(order)
    return found


def _charged_again(redemption: Redemption, order: Order, at: datetime) -> Adjustment:
    """Two carts can be paid within the seconds in which we do not know of the first: both took the points off, so they
    are taken twice - however we hear of the second order, and once."""
    return Adjustment(
        id=f"cart:{redemption.number}:{order.id}"[:100],
        at=at,
        points=-redemption.points,
        actor="the cart",
        reason=again_reason(redemption, order),
    )


def again_reason(redemption: Redemption, order: Order) -> str:
    """What the member's statement and the merchant's list of notices say of it."""
    return f"Order {order.number} took off the points of order {redemption.order_id} once more"


def _keep_spent(redemption: Redemption) -> None:
    row = StoredFact.objects.get(shop=redemption.shop_id, kind="redemption", external_id=str(redemption.number))
    replace(row=row, fact=msgspec.structs.replace(decode(row.body), given_back_at=None, given_back_why=""))
