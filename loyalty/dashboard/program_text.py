"""A program in sentences: what a merchant set reads back in plain words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from loyalty.dashboard.formatting import Format
from loyalty.engine.program import Policies, Program, Reward, Version
from loyalty.engine.rewards import MONEY, least_points, paid_as


@dataclass(frozen=True, slots=True)
class Offer:
    """What a reward gives, as the program or a past redemption has it; money in minor units of `currency`."""

    kind: str
    name: str
    value_minor: int
    percent: int
    currency: str
    exponent: int


def offer_name(offer: Offer, fmt: Format) -> str:
    """ "$5 off"; the merchant's own name where the kind says less."""
    if offer.kind == "amount_off":
        return _("%(amount)s off") % {"amount": fmt.money_short(offer.value_minor, offer.currency, offer.exponent)}
    if offer.kind == "percent_off":
        return _("%(percent)s%% off") % {"percent": fmt.points(offer.percent)}
    return offer.name


def reward_names(versions: Iterable[Version], fmt: Format) -> dict[str, str]:
    """By the name in the program; a later version's wins."""
    programs = (version.program for version in versions)
    return {reward.name: offered(reward, fmt, program) for program in programs for reward in program.rewards}


def reward_sentence(reward: Reward, fmt: Format, program: Program) -> str:
    words = {"points": points_of(reward.points, fmt), "reward": offered(reward, fmt, program)}
    if reward.kind == "cashback":
        return _cashback_sentence(reward, fmt, program)
    words["amount"] = fmt.money_short(reward.value_minor, program.currency, program.exponent)
    words["least"] = fmt.money_short(reward.minimum_order_minor, program.currency, program.exponent)
    return _buys(reward) % words


def _buys(reward: Reward) -> str:
    points, at_least = reward.points, reward.minimum_order_minor > 0
    if reward.kind == "points_slider" and at_least:
        return ngettext(
            "Every point takes %(amount)s off an order of %(least)s or more.",
            "Every %(points)s take %(amount)s off an order of %(least)s or more.",
            points,
        )
    if reward.kind == "points_slider":
        return ngettext(
            "Every point takes %(amount)s off an order.", "Every %(points)s take %(amount)s off an order.", points
        )
    if not at_least:
        return ngettext("%(points)s buys %(reward)s.", "%(points)s buy %(reward)s.", points)
    if reward.kind in ("amount_off", "percent_off"):
        return ngettext(
            "%(points)s buys %(reward)s an order of %(least)s or more.",
            "%(points)s buy %(reward)s an order of %(least)s or more.",
            points,
        )
    return ngettext(
        "%(points)s buys %(reward)s with an order of %(least)s or more.",
        "%(points)s buy %(reward)s with an order of %(least)s or more.",
        points,
    )


def _cashback_sentence(reward: Reward, fmt: Format, program: Program) -> str:
    words = {
        "points": points_of(reward.points, fmt),
        "amount": fmt.money_short(reward.value_minor, program.currency, program.exponent),
        "least": points_of(least_points(reward), fmt),
        "day": fmt.points(reward.payout_day),
    }
    if reward.payout_day:
        told = _(
            "Every %(points)s are paid out as %(amount)s, from %(least)s on, by themselves on day %(day)s of the month."
        )
        return told % words
    return _("Every %(points)s are paid out as %(amount)s, from %(least)s on, when a member asks.") % words


def reward_terms(reward: Reward, fmt: Format, policies: Policies) -> str:
    if paid_as(reward).kind in MONEY:
        return _("It is money once it is made: it does not expire, and the points do not come back.")
    if reward.kind == "partner":
        return _("Who has seen a code keeps it; the points do not come back.")
    days = ngettext("%(days)s day", "%(days)s days", reward.valid_days) % {"days": fmt.points(reward.valid_days)}
    if reward.kind == "access":
        return _("It stays open for %(days)s; the points stay spent.") % {"days": days}
    if reward.webhook_url:
        return _("Your server has %(days)s to do it, then the points come back.") % {"days": days}
    if reward.kind == "custom":
        return _("You have %(days)s to do it, then the points come back.") % {"days": days}
    if policies.expired_codes == "stay_spent":
        return _("An unused code works for %(days)s; after that its points stay spent.") % {"days": days}
    return _("An unused code works for %(days)s, then the points come back.") % {"days": days}


def policy_sentences(policies: Policies, fmt: Format) -> list[str]:
    moments = {
        "paid": _("Points are given when an order is paid."),
        "fulfilled": _("Points are given when an order is fulfilled."),
        "placed": _("Points are given when an order is placed."),
    }
    rounding = {
        "floor": _("Parts of a point are rounded down."),
        "half_up": _("Parts of a point are rounded to the nearest point."),
        "ceil": _("Parts of a point are rounded up."),
    }
    spent = {
        "pro_rata": _("A refund takes its points back, and points spent on that order return in proportion."),
        "full_refund_only": _("A refund takes its points back; points spent on the order return with its last refund."),
        "none": _("A refund takes its points back; points spent on that order stay spent."),
    }
    hold = ngettext(
        "They can be spent after %(days)s day.", "They can be spent after %(days)s days.", policies.hold_days
    ) % {"days": fmt.points(policies.hold_days)}
    return [
        moments[policies.moment],
        hold if policies.hold_days else _("They can be spent at once."),
        rounding[policies.rounding],
        *_what_counts(policies),
        spent[policies.spent_points],
        _("A code that is not used in time gives its points back.")
        if policies.expired_codes == "return"
        else _("Points of a code that is not used in time stay spent."),
        _("A balance may fall below zero; the next points pay for it.")
        if policies.negative == "allowed"
        else _("A balance never falls below zero; what is missing is forgiven."),
        _expiry(policies, fmt),
    ]


def _what_counts(policies: Policies) -> list[str]:
    before = policies.basis == "before_discounts"
    parts = [
        (policies.count_shipping, _("Shipping counts."), _("Shipping doesn’t count.")),
        (policies.count_tax, _("Tax counts."), _("Tax doesn’t count.")),
        (policies.count_fees, _("Fees count."), _("Fees don’t count.")),
    ]
    prices = _("What counts are prices before discounts.") if before else _("What counts are prices after discounts.")
    return [
        " ".join([prices, *(yes if counts else no for counts, yes, no in parts)]),
        _("A gift card earns when it is spent, not when it is bought.")
        if policies.count_gift_card_part
        else _("Gift cards earn nothing, neither bought nor spent."),
    ]


def _expiry(policies: Policies, fmt: Format) -> str:
    if policies.expiry == "never":
        return _("Points never expire.")
    if policies.expiry_months:
        span = ngettext("%(count)s month", "%(count)s months", policies.expiry_months)
    else:
        span = ngettext("%(count)s day", "%(count)s days", policies.expiry_days)
    words = {"span": span % {"count": fmt.points(policies.expiry_months or policies.expiry_days)}}
    if policies.expiry == "lot":
        return _("Points expire %(span)s after they were given.") % words
    return _("All points expire after %(span)s in which nothing happened.") % words


def tier_period(policies: Policies) -> str:
    """Over which time tiers count."""
    days = ngettext("in the last %(days)s day", "in the last %(days)s days", policies.tier_period_days)
    return {
        "rolling": days % {"days": policies.tier_period_days},
        "calendar_year": _("in the calendar year"),
        "calendar_month": _("in the calendar month"),
        "lifetime": _("ever"),
    }[policies.tier_period]


def points_of(points: int, fmt: Format) -> str:
    return ngettext("%(points)s point", "%(points)s points", abs(points)) % {"points": fmt.points(points)}


def affordable(available: int, version: Version | None, fmt: Format) -> list[str]:
    """The rewards that this balance buys, cheapest first."""
    rewards = _enabled(version)
    return [
        offered(reward, fmt, version.program) for reward in rewards if version and least_points(reward) <= available
    ]


def next_reward(available: int, version: Version | None, fmt: Format) -> str:
    """What is missing to the cheapest reward out of reach, as a sentence; empty where all are in reach. A debt is paid
    first, so it is part of what is missing."""
    for reward in _enabled(version):
        if version and least_points(reward) > available:
            missing = points_of(least_points(reward) - available, fmt)
            return _("%(missing)s to %(reward)s") % {
                "missing": missing,
                "reward": offered(reward, fmt, version.program),
            }
    return ""


def live_at(versions: Iterable[Version], at: datetime) -> Version | None:
    return next((version for version in reversed(list(versions)) if version.in_force_from <= at), None)


def offered(reward: Reward, fmt: Format, program: Program) -> str:
    offer = Offer(reward.kind, reward.name, reward.value_minor, reward.percent, program.currency, program.exponent)
    return offer_name(offer, fmt)


def _enabled(version: Version | None) -> list[Reward]:
    rewards = version.program.rewards if version else ()
    return sorted((each for each in rewards if each.enabled and not each.payout_day), key=least_points)
