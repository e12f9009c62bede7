"""What is worth telling a member now: at most a few things, the most pressing first.

Each has an id that names its occasion: whoever has put it aside is not told again, and of the next occasion they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from loyalty.engine.activities import BirthdayRule
from loyalty.engine.calendar import said, zone_of
from loyalty.engine.program import Program
from loyalty.engine.rewards import least_points
from loyalty.engine.statement import Statement
from loyalty.languages import Voice
from loyalty.models import Redemption
from loyalty.selectors.widget import Offer

MOST = 5
CODES_WITHIN = timedelta(days=7)
POINTS_WITHIN = timedelta(days=30)
ORDERS_TO_GO = 2

Params = dict[str, str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Nudge:
    """`kind` is a message of the part `nudges` and, before its first dot, what it is about."""

    id: str
    kind: str
    params: Params

    def said(self, voice: Voice, names: Mapping[str, str]) -> str:
        """The sentence; `names` are better ones for rewards ("5 off" for "Amount off")."""
        reward = str(self.params.get("reward", ""))
        return voice.say("nudges", self.kind, {**self.params, "reward": names.get(reward, reward)})


def nudges(
    *,
    statement: Statement,
    offers: Sequence[Offer],
    codes: Sequence[Redemption],
    program: Program,
    birthday_known: bool,
    as_of: datetime,
) -> list[Nudge]:
    """`codes` are the member's that can be used; `birthday_known` is True where nobody needs to ask."""
    zone = zone_of(program.time_zone)
    found = [*_codes(codes, zone, as_of), *_expiring(statement, zone, as_of)]
    if statement.enrolled:
        found += [*_rewards(statement, offers), *_tier(statement, program)]
        if not birthday_known and not program.paused.earning:
            found += _birthday(program)
    return found[:MOST]


def reward_names(program: Program | None, voice: Voice) -> dict[str, str]:
    """What a shopper reads for a reward's name where its worth says more: "€5 off"."""
    return {
        reward.name: voice.say(
            "panel",
            "reward.amount",
            {"money": voice.short_money(reward.value_minor, program.currency, program.exponent)},
        )
        if reward.kind == "amount_off"
        else voice.say("panel", "reward.percent", {"percent": voice.percent(reward.percent)})
        for reward in (program.rewards if program else ())
        if program and reward.kind in ("amount_off", "percent_off")
    }


def _codes(codes: Sequence[Redemption], zone: ZoneInfo, as_of: datetime) -> Iterator[Nudge]:
    ready = [code for code in codes if code.state == Redemption.State.READY]
    ending = [(code.expires_at, code) for code in ready if code.expires_at and code.expires_at <= as_of + CODES_WITHIN]
    for expires_at, code in sorted(ending, key=lambda each: (each[0], each[1].pk)):
        days = (expires_at.astimezone(zone).date() - as_of.astimezone(zone).date()).days
        params: Params = {"reward": _name(code), "n": days}
        yield Nudge(id=f"code:{code.number}", kind="code.ends" if days > 0 else "code.ends_today", params=params)
    told = {code.pk for _, code in ending}
    for code in ready:
        if not code.points and code.pk not in told:
            yield Nudge(id=f"gift:{code.number}", kind="gift", params={"reward": _name(code)})


def _expiring(statement: Statement, zone: ZoneInfo, as_of: datetime) -> Iterator[Nudge]:
    """The points that go next; or all of them, where nothing is done for too long."""
    if statement.available <= 0:
        return
    dated = [(lot.expires_at, lot.left) for lot in statement.lots if lot.expires_at and lot.left]
    soon = [each for each in dated if as_of < each[0] <= as_of + POINTS_WITHIN]
    if soon:
        first = min(at for at, _ in soon)
        points = sum(left for at, left in soon if at == first)
        yield Nudge(
            id=f"points:{first.date()}", kind="points.expire", params={"points": points, "date_at": said(first, zone)}
        )
    due = statement.inactive_at
    if due is not None and as_of < due <= as_of + POINTS_WITHIN:
        params: Params = {"points": statement.available, "date_at": said(due, zone)}
        yield Nudge(id=f"inactive:{due.date()}", kind="points.inactive", params=params)


def _rewards(statement: Statement, offers: Sequence[Offer]) -> Iterator[Nudge]:
    """What has been spent so far names the occasion: after each reward the next one is news again."""
    occasion = -statement.totals["redeemed"]
    costly = [offer for offer in offers if offer.reward.points and not offer.obstacle]
    reached = [offer for offer in costly if offer.reachable]
    near = [offer for offer in costly if 0 < offer.missing * 2 <= least_points(offer.reward)]
    if reached:
        best = max(reached, key=lambda offer: least_points(offer.reward)).reward
        yield Nudge(id=f"reached:{best.id}:{occasion}", kind="reward.reached", params={"reward": best.name})
    if near:
        next_one = min(near, key=lambda offer: offer.missing)
        params: Params = {"reward": next_one.reward.name, "points": next_one.missing}
        yield Nudge(id=f"near:{next_one.reward.id}:{occasion}", kind="reward.near", params=params)


def _tier(statement: Statement, program: Program) -> Iterator[Nudge]:
    tier, measure = statement.tier, program.policies.tier_measure
    if tier is None or not tier.next_id:
        return
    missing = tier.next_at - tier.measure
    near = missing <= ORDERS_TO_GO if measure == "orders" else missing * 4 <= tier.next_at
    if missing <= 0 or not near:
        return
    params: Params = {"tier": tier.next_name}
    if measure == "orders":
        params["n"] = missing
    elif measure == "points":
        params["points"] = missing
    else:
        params |= {"amount_minor": missing, "currency": program.currency, "exponent": program.exponent}
    since = tier.since.date() if tier.since else ""
    yield Nudge(id=f"tier:{tier.next_id}:{since}", kind=f"tier.{measure}", params=params)


def _birthday(program: Program) -> list[Nudge]:
    rules = [rule for rule in program.rules if isinstance(rule, BirthdayRule) and rule.enabled]
    points = sum(rule.points for rule in rules)
    if not rules:
        return []
    kind = "birthday.points" if points else "birthday.gift"
    return [Nudge(id="birthday", kind=kind, params={"points": points} if points else {})]


def _name(code: Redemption) -> str:
    return str(code.reward_data.get("name", "")) or code.reward
