"""What the panel is told, as plain data. Names and texts are the merchant's or ours; the panel writes them as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from loyalty.engine.explain import Reason
from loyalty.engine.program import Program, Version
from loyalty.engine.rewards import LASTING
from loyalty.engine.statement import Statement, Tier, fold
from loyalty.languages import Voice
from loyalty.models import Member, PartnerCode, Redemption, Shop
from loyalty.platforms.registry import carried, platform_of
from loyalty.selectors.members import standing_of
from loyalty.selectors.nudges import nudges, reward_names
from loyalty.selectors.partner_codes import codes_of
from loyalty.selectors.widget import Offer, offers, open_redemptions
from loyalty.services.redemptions import IN_CART
from storefront_widget.config import Data, reward_answer
from storefront_widget.taking_part import taking_part

HISTORY_LINES = 20
_SHOWN_PARAMS = ("number", "reward", "code", "why", "from")
_FOR_THE_MERCHANT = ("order.version", "order.moment", "nothing.holdout", "nothing.pilot", "nothing.excluded")
_MONEY_KINDS = ("amount_off", "points_slider", "gift_card", "store_credit", "cashback")


def guest_answer(*, config: str) -> Data:
    return {"member": None, "config": config}


def member_answer(
    *, shop: Shop, member: Member | None, versions: Sequence[Version], config: str, voice: Voice, at: datetime
) -> tuple[Data, list[datetime | None]]:
    """`member` is None for a signed-in customer whom we have not met: the same answer, with nothing in it yet. Reads
    only; a look at the panel enrols nobody. `config` is the version of the public answer that goes with this one.
    Beside it the instants at which the clock alone changes it."""
    statement = standing_of(shop=shop, member=member, as_of=at, versions=versions) if member else fold(versions, [], at)
    program = next((version.program for version in reversed(versions) if version.in_force_from <= at), None)
    voice = voice.knowing(program.translations) if program else voice
    offered = (
        offers(
            shop=shop,
            member=member,
            program=program,
            statement=statement,
            rewards=carried(shop, program),
            at=at,
        )
        if program
        else []
    )
    codes = open_redemptions(shop=shop, member=member, at=at) if member else []
    partners = codes_of(shop=shop, redemptions=codes)
    doing, turns = taking_part(shop=shop, member=member, versions=versions, at=at)
    known = doing["profile"]["birthday"] is not None
    told = _nudges(statement, offered, codes, program, known, voice, at) if member and program else []
    changes = [statement.next_due, *(code.expires_at for code in codes), *turns]
    names = reward_names(program, voice)
    data = {
        "config": config,
        "member": {"name": member.name if member else "", "known": member is not None},
        "enrolled": member is not None and statement.enrolled,
        "tier": _tier(statement.tier, program, voice),
        "as_of": at.isoformat(),
        "available": statement.available,
        "worth_minor": _worth_minor(statement.available, program),
        "pending_points": statement.pending_points,
        "pending": [
            {"points": each.points, "until": each.until.isoformat(), "text": voice.text(each.reason)}
            for each in sorted(statement.pending, key=lambda each: each.until)
        ],
        "expiring": _expiring(statement),
        "rewards": [_offer(offer, names, voice) for offer in offered],
        "codes": [_as_it_stands(shop, redemption, partners, voice) for redemption in codes],
        "history": _history(statement, names, voice),
        "nudges": told,
        **doing,
    }
    return data, changes


def redemption_answer(*, shop: Shop, redemption: Redemption, voice: Voice) -> Data:
    """A redemption as it stands now; the code only where it works."""
    return _as_it_stands(shop, redemption, codes_of(shop=shop, redemptions=[redemption]), voice)


def redeem_answer(*, shop: Shop, redemption: Redemption, voice: Voice) -> Data:
    """The answer to the request that made the redemption, the same whenever it is asked again: what was settled within
    that request carries its instant; all that came later is for whoever asks for the state."""
    partners = codes_of(shop=shop, redemptions=[redemption])
    if redemption.ready_at == redemption.accepted_at:
        over = redemption.reward_data.get("kind") == "store_credit" or redemption.reward_data.get("webhook_url")
        return _redemption(shop, redemption, "used" if over else "ready", partners, voice)
    failed_at_once = redemption.state == Redemption.State.FAILED and redemption.closed_at == redemption.accepted_at
    return _redemption(shop, redemption, "failed" if failed_at_once else "issuing", partners, voice)


def _as_it_stands(shop: Shop, redemption: Redemption, partners: Mapping[int, PartnerCode], voice: Voice) -> Data:
    state = "issuing" if redemption.state == Redemption.State.RESERVED else redemption.state
    told = _redemption(shop, redemption, state, partners, voice)
    # A partner's gift that is not there at once has met an empty stock.
    waits = voice.say("codes", "waits", {}) if state == "issuing" and told["kind"] == "partner" else ""
    return {**told, "note": redemption.note, "waits": waits}


def _redemption(
    shop: Shop, redemption: Redemption, state: str, partners: Mapping[int, PartnerCode], voice: Voice
) -> Data:
    """`code` is what a shopper types or shows; `link` what access opens; `description` the merchant's own words."""
    ready, reward = state == "ready", redemption.reward_data
    partner = partners.get(redemption.pk)
    ends = partner.usable_until if partner else redemption.expires_at
    return {
        "id": str(redemption.number),
        "reward": redemption.reward,
        "name": voice.own(reward.get("name", "")),
        "kind": reward.get("kind", ""),
        "percent": reward.get("percent", 0),
        "points": redemption.points,
        "value_minor": redemption.value_minor,
        "state": state,
        "code": _code(redemption, partner) if ready else "",
        "apply_url": platform_of(shop).apply_code_url(shop, redemption) if ready else "",
        "link": reward.get("link", "") if ready else "",
        "description": voice.own(reward.get("description", "")),
        "in_cart": ready and redemption.external_id == IN_CART,
        "expires_at": ends.isoformat() if ends else None,
        "cancellable": ready
        and redemption.points > 0
        and reward.get("cancellable", True)
        and reward.get("kind") not in LASTING,
    }


def _code(redemption: Redemption, partner: PartnerCode | None) -> str:
    """A partner's; none where there is nothing to type: access is there by itself."""
    if redemption.reward_data.get("kind") == "access":
        return ""
    return partner.code if partner else redemption.code


def _offer(offer: Offer, names: dict[str, str], voice: Voice) -> Data:
    obstacle = voice.problem(offer.obstacle, names) if offer.obstacle else ""
    reward = reward_answer(offer.reward)
    named = {key: voice.own(reward[key]) for key in ("name", "description")}
    return {**reward, **named, "missing": offer.missing, "obstacle": obstacle}


def _nudges(
    statement: Statement,
    offered: Sequence[Offer],
    codes: Sequence[Redemption],
    program: Program,
    birthday_known: bool,
    voice: Voice,
    at: datetime,
) -> list[Data]:
    found = nudges(
        statement=statement, offers=offered, codes=codes, program=program, birthday_known=birthday_known, as_of=at
    )
    names = reward_names(program, voice)
    return [{**each.params, "id": each.id, "kind": each.kind, "text": each.said(voice, names)} for each in found]


def _worth_minor(points: int, program: Program | None) -> int | None:
    """What the points buy at the program's best rate; None where no reward is money."""
    rated = [
        reward
        for reward in (program.rewards if program else ())
        if reward.enabled and reward.kind in _MONEY_KINDS and reward.points and reward.value_minor
    ]
    if points <= 0 or not rated:
        return None
    return max(points * reward.value_minor // reward.points for reward in rated)


def _tier(tier: Tier | None, program: Program | None, voice: Voice) -> Data | None:
    """Where the member stands and what is missing to the next level, in minor units, points or orders. Below the first
    level `id` is empty; without levels there is no tier."""
    if tier is None or program is None:
        return None
    perks = {level.id: [voice.own(perk) for perk in level.perks] for level in program.tiers}
    following = {
        "id": tier.next_id,
        "name": voice.own(tier.next_name),
        "measure": program.policies.tier_measure,
        "have": tier.measure,
        "need": tier.next_at,
        "missing": max(0, tier.next_at - tier.measure),
    }
    return {
        "id": tier.id,
        "name": voice.own(tier.name),
        "perks": perks.get(tier.id, []),
        "kept_until": tier.kept_until.isoformat() if tier.kept_until else None,
        "next": following if tier.next_id else None,
    }


def _expiring(statement: Statement) -> Data | None:
    dated = [(lot.expires_at, lot.left) for lot in statement.lots if lot.expires_at and lot.left]
    if not dated:
        return None
    first = min(instant for instant, _ in dated)
    return {"points": sum(left for instant, left in dated if instant == first), "at": first.isoformat()}


def _history(statement: Statement, names: dict[str, str], voice: Voice) -> list[Data]:
    """The latest lines, newest first; an order that gave nothing is a line too. Whatever else gave nothing (signing up
    where no rule rewards it) promised nothing either, and who is left out on purpose is for the merchant."""
    lines = [(each.at, each.points, each.kind, each.reason) for each in statement.movements]
    lines += [(each.at, 0, "nothing", each.reason) for each in statement.nothing if _is_for_shoppers(each.reason)]
    lines.sort(key=lambda line: line[0], reverse=True)
    return [
        {
            "at": at.isoformat(),
            "points": points,
            "kind": kind,
            "message": reason.message,
            "params": {name: reason.params[name] for name in _SHOWN_PARAMS if name in reason.params},
            "text": _text(reason, names, voice),
            "details": _details(reason, voice),
        }
        for at, points, kind, reason in lines[:HISTORY_LINES]
    ]


def _is_for_shoppers(reason: Reason) -> bool:
    if reason.message == "nothing.code_expired":
        return True
    return "number" in reason.params and not reason.message.startswith(_FOR_THE_MERCHANT)


def _text(reason: Reason, names: dict[str, str], voice: Voice) -> str:
    """A shopper reads why points were adjusted, not which of the staff did it."""
    if reason.message == "adjusted":
        return str(reason.params.get("why", ""))
    named = names.get(str(reason.params.get("reward", "")))
    return voice.text(msgspec.structs.replace(reason, params={**reason.params, "reward": named}) if named else reason)


def _details(reason: Reason, voice: Voice) -> list[str]:
    """The arithmetic; by which version and moment it was judged is for the merchant, and so are names that only the
    program's document has."""
    lines = [line for line in reason.lines if not line.message.startswith(_FOR_THE_MERCHANT)]
    told = [(() if _nameless(line) else (voice.text(line),), _details(line, voice)) for line in lines]
    return [sentence for own, below in told for sentence in (*own, *below)][:40]


def _nameless(line: Reason) -> bool:
    return line.message == "rule.given" and line.params["name"] == line.params["rule"]
