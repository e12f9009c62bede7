"""What a shopper does without an order: activities, birthdays, referrals, segments; and that they join or leave."""

from __future__ import annotations

from datetime import datetime, timedelta

from loyalty.engine.basis import Params
from loyalty.engine.calendar import on_day
from loyalty.engine.explain import Reason
from loyalty.engine.facts import Activity, Profile, Referral, Segment
from loyalty.engine.gifts import Chance, earn
from loyalty.engine.ladder import look_at_tier
from loyalty.engine.lapses import touch
from loyalty.engine.presence import takes_part
from loyalty.engine.walk import Rank, Walk, born


def do_activity(walk: Walk, at: datetime, activity: Activity) -> None:
    touch(walk, at)
    rules = walk.now
    source = f"activity:{activity.id}"
    params: Params = {"activity": activity.kind, "code": activity.code}
    walk.presence.customer_id = activity.customer_id or walk.presence.customer_id
    if rules is None:
        walk.gave_nothing(source, at, Reason(message="nothing.no_program_yet", params=params))
        return
    if not takes_part(walk, at, rules, source, params, activity.customer_id):
        return
    chances = [
        Chance(rule, rule.points, rule.rewards)
        for rule in rules.activities
        if rule.activity == activity.kind and rule.code in ("", activity.code)
    ]
    # However often a person signs up (two customers who became one): welcome once.
    gift_key = "sign_up" if activity.kind == "sign_up" else source
    earn(walk, at, rules, source, f"activity.{activity.kind}", params, chances, gift_key)


def refer(walk: Walk, at: datetime, referral: Referral) -> None:
    """A referral was confirmed; this member is one of its sides. It is a promise: an order that is refunded later takes
    nothing of it back."""
    touch(walk, at)
    rules, source = walk.now, f"referral:{referral.id}"
    params: Params = {"role": referral.role}
    if rules is None or not takes_part(walk, at, rules, source, params, walk.presence.customer_id):
        return
    chances = [Chance(rule, *rule.for_role(referral.role)) for rule in rules.referrals]
    chances = [chance for chance in chances if chance.points or chance.rewards]
    earn(walk, at, rules, source, f"referral.{referral.role}", params, chances)


def know(walk: Walk, at: datetime, profile: Profile) -> None:
    """A value became known. A new birthday takes effect from its next return; an empty one is known no more."""
    if profile.field == "birthday" and (not profile.value or born(profile.value) is not None):
        walk.birthday.day, walk.birthday.known_at = profile.value, at
        walk.birthday.due = None
        watch_birthday(walk, at)
    elif profile.field == "enrolled":
        walk.presence.enrolled = profile.value == "yes"
        look_at_tier(walk, at)


def watch_birthday(walk: Walk, at: datetime) -> None:
    day, rules = born(walk.birthday.day), walk.now
    if day is None or rules is None:
        return
    _, month, number = day
    year = at.astimezone(rules.zone).year
    due = next(each for n in range(3) if (each := on_day(year + n, month, number, rules.zone)) > at)
    walk.birthday.due = due
    walk.at_clock(due, Rank.GIVES, "birthday", celebrate, due, lambda day: day == walk.birthday.due)


def celebrate(walk: Walk, at: datetime, due_at: datetime) -> None:
    rules = walk.now
    watch_birthday(walk, at)
    if rules is None or walk.birthday.known_at is None:
        return
    year = at.astimezone(rules.zone).year
    if not rules.birthdays or walk.birthday.year >= year:
        return
    source = f"birthday:{year}"
    params: Params = {"year": str(year)}
    if not takes_part(walk, at, rules, source, params, walk.presence.customer_id):
        return
    known_for = at - walk.birthday.known_at
    due = [rule for rule in rules.birthdays if known_for >= timedelta(days=rule.known_days)]
    if not due:
        walk.gave_nothing(source, at, Reason(message="nothing.birthday_new", params=params))
        return
    walk.birthday.year = year
    earn(walk, at, rules, source, "birthday", params, [Chance(rule, rule.points, rule.rewards) for rule in due])


def change_segment(walk: Walk, at: datetime, segment: Segment) -> None:
    if segment.inside:
        walk.given_segments.add(segment.segment)
    else:
        walk.given_segments.discard(segment.segment)
