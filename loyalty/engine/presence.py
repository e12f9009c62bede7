"""Does the member take part: joined or left, in the audience, and when they last ordered. Who stays away is won back."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from loyalty.engine.activities import WinBackRule
from loyalty.engine.basis import Params
from loyalty.engine.document import Prepared
from loyalty.engine.explain import Reason
from loyalty.engine.gifts import Chance, earn
from loyalty.engine.walk import Rank, Walk

Absence = tuple[str, datetime]
"""The rule that watches it, and when it began."""


def note_order(walk: Walk, at: datetime, order_id: str, customer_id: str) -> None:
    """An order was bought: an absence is over, and the next one begins."""
    presence = walk.presence
    presence.customer_id = customer_id or presence.customer_id
    presence.ordered_at, presence.order_id = at, order_id
    watch_absence(walk, at)


def watch_absence(walk: Walk, at: datetime) -> None:
    """Those that end after `at`, by the rules in force now."""
    since, rules = walk.presence.ordered_at, walk.now
    if since is None or rules is None:
        return
    for rule in rules.win_backs:
        due = since + timedelta(days=rule.days)
        if due > at:

            def alive(absence: Absence, due: datetime = due) -> bool:
                return _is_absent(walk, absence, due)

            walk.at_clock(due, Rank.GIVES, f"win_back:{rule.id}", win_back, (rule.id, since), alive)


def win_back(walk: Walk, at: datetime, absence: Absence) -> None:
    """A member has been away for as long as a rule says. The absence is called by the order it began with."""
    rules, presence = walk.now, walk.presence
    if rules is None:
        return
    rule = next(each for each in rules.win_backs if each.id == absence[0])
    presence.won_back[rule.id] = presence.order_id
    source = f"win_back:{rule.id}:{presence.order_id}"
    params: Params = {"days": rule.days}
    if takes_part(walk, at, rules, source, params, presence.customer_id):
        chances = [Chance(rule, rule.points, rule.rewards)]
        earn(walk, at, rules, source, "win_back", params, chances, _given_under(walk, rule, source))


def _given_under(walk: Walk, rule: WinBackRule, source: str) -> str:
    """What begins the keys of this absence's gifts. An order that is heard of late moves where an absence began; what
    was handed out by then, for one that never came to its end, is this one's and is not handed out again."""
    handed_out = {
        key.removesuffix(f":{reward}")
        for reward in rule.rewards
        for key in walk.issued
        if key.startswith(f"win_back:{rule.id}:") and key.endswith(f":{reward}") and key not in walk.gifts
    }
    return source if source in handed_out or not handed_out else min(handed_out)


def hand_out(walk: Walk, key: str) -> None:
    """A gift left us under this key. Where an order that was heard of late has moved the absence it was for, and the new
    one's gift had fallen due before this one left, it is that one's."""
    walk.issued.add(key)
    if key in walk.gifts or walk.now is None:
        return
    for begins in (f"win_back:{rule.id}:" for rule in walk.now.win_backs):
        for gift in list(walk.gifts.values()):
            is_same = key.startswith(begins) and gift.key.startswith(begins) and key.endswith(f":{gift.reward}")
            if is_same and gift.key not in walk.issued:
                del walk.gifts[gift.key]
                walk.gifts[key] = msgspec.structs.replace(gift, key=key)
                return


def takes_part(walk: Walk, at: datetime, rules: Prepared, source: str, params: Params, customer_id: str) -> bool:
    """Does the member, in what is no order? Says why not."""
    walk.segments = walk.segments_at(rules, at)
    why = walk.why_outside(rules, customer_id)
    if why:
        walk.gave_nothing(source, at, Reason(message=f"{why}.activity", params=params))
    return not why


def _is_absent(walk: Walk, absence: Absence, due: datetime) -> bool:
    name, since = absence
    rules, presence = walk.now, walk.presence
    if rules is None or presence.ordered_at != since or presence.won_back.get(name) == presence.order_id:
        return False
    return any(rule.id == name and since + timedelta(days=rule.days) == due for rule in rules.win_backs)
