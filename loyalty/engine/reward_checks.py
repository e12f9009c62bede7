"""Is a reward one that a merchant can mean? Every refusal says where, and what to do."""

from __future__ import annotations

import re

from loyalty.engine.document import Reward
from loyalty.engine.errors import Invalid
from loyalty.engine.phrases import Phrase

MAX_TAG, MAX_ADDRESS, MAX_DESCRIPTION = 40, 500, 2_000
_TAG = re.compile(r"[\w][\w :.-]*")
_ADDRESS = re.compile(r"https://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?(/[!-~]*)?(\?[!-~]*)?")
"""Of an address's parts none may hide another host: no name and password, no control characters."""
_THIS_MACHINE = re.compile(r"http://(127\.0\.0\.1|localhost)(:[0-9]{1,5})?(/[!-~]*)?(\?[!-~]*)?")
"""For trying out; outside the sandbox nothing calls it."""
_SEEN = Phrase("Who has seen it can't give it back: untick this (in a file: cancellable false).")
_DONE_ELSEWHERE = Phrase("What another server did can't be given back: untick this (in a file: cancellable false).")


def check_reward(reward: Reward, place: str) -> None:
    """Raises errors.Invalid (place, remedy)."""
    _check_bounds(reward, place)
    _check_worth(reward, place)
    _check_belonging(reward, place)
    _check_what_stays(reward, place)


def _check_bounds(reward: Reward, place: str) -> None:
    if not 0 <= reward.points <= 10**9:
        raise Invalid(
            "{reward} costs between 0 and {most:,} points.",
            place=f"{place}.points",
            params={"reward": reward.name, "most": 10**9},
        )
    if not 1 <= reward.valid_days <= 3660:
        raise Invalid("A code lives between 1 and 3,660 days.", place=f"{place}.valid_days")
    if not 1 <= reward.maximum_percent <= 100:
        raise Invalid("A slider pays between 1 and 100 percent of an order.", place=f"{place}.maximum_percent")
    for name in ("minimum_order_minor", "minimum_points", "limit_per_member", "limit_total", "stock"):
        value = getattr(reward, name)
        if value is not None and not 0 <= value <= 10**12:
            raise Invalid("A limit is zero or more.", place=f"{place}.{name}")
    if len(reward.description) > MAX_DESCRIPTION:
        raise Invalid(
            "A description has up to {most:,} characters.",
            place=f"{place}.description",
            params={"most": MAX_DESCRIPTION},
        )


def _check_worth(reward: Reward, place: str) -> None:
    if reward.kind == "percent_off" and not 0 < reward.percent <= 100:
        raise Invalid("Say how many percent, from 1 to 100.", place=f"{place}.percent")
    money = ("amount_off", "gift_card", "store_credit", "points_slider", "cashback")
    if reward.kind in money and reward.value_minor <= 0:
        raise Invalid(
            "{reward} needs a value above zero.", place=f"{place}.value_minor", params={"reward": reward.name}
        )
    if reward.kind == "points_slider" and reward.points < 1:
        raise Invalid("A slider needs a step of at least 1 point.", place=f"{place}.points")
    if reward.kind == "cashback" and reward.points < 1:
        raise Invalid(
            "Cashback needs a rate: so many points, at least 1, are worth the value.", place=f"{place}.points"
        )
    if not 0 <= reward.payout_day <= 28:
        raise Invalid("Every month has a day from 1 to 28; 0 pays whenever a member asks.", place=f"{place}.payout_day")


def _check_belonging(reward: Reward, place: str) -> None:
    """What says something about one kind says nothing about another, so it is a mistake there."""
    owners = {"payout_day": "cashback", "tag": "access", "link": "access", "webhook_url": "custom"}
    for name, kind in owners.items():
        if getattr(reward, name) and reward.kind != kind:
            raise Invalid(
                "Only a reward of the kind {kind} has this; take it out.",
                place=f"{place}.{name}",
                params={"kind": kind},
            )
    if reward.kind == "partner" and reward.stock is not None:
        raise Invalid("The codes that you upload are the stock; take this out.", place=f"{place}.stock")
    if reward.tag and (len(reward.tag) > MAX_TAG or not _TAG.fullmatch(reward.tag)):
        raise Invalid("A tag has up to 40 letters, digits, spaces, dots, dashes and colons.", place=f"{place}.tag")
    for name in ("link", "webhook_url"):
        address = getattr(reward, name)
        is_tried = name == "webhook_url" and _THIS_MACHINE.fullmatch(address)
        if address and (len(address) > MAX_ADDRESS or not (_ADDRESS.fullmatch(address) or is_tried)):
            raise Invalid("Use an address that begins with https://, of up to 500 characters.", place=f"{place}.{name}")


def _check_what_stays(reward: Reward, place: str) -> None:
    """What a member has seen, been let into or had done by another server cannot be unseen or undone."""
    seen = reward.kind == "partner" or reward.tag or reward.link
    if reward.cancellable and (seen or reward.webhook_url):
        raise Invalid(_SEEN if seen else _DONE_ELSEWHERE, place=f"{place}.cancellable")
