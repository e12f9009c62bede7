"""Rules of the program as sentences whose values are the controls: each part of a sentence is plain text, or a value
with the field that sets it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from loyalty.dashboard.explanations import isolated
from loyalty.dashboard.formatting import Format
from loyalty.dashboard.program_rule_fields import ACTIVITY_NAMES
from loyalty.dashboard.program_shapes import WEEKDAYS
from loyalty.dashboard.program_text import points_of
from loyalty.engine.activities import ActivityRule, BirthdayRule, WinBackRule
from loyalty.engine.caps import Cap
from loyalty.engine.earning import Cashback, Exclude, Multiplier, PerAmount, PerItem, PerOrder
from loyalty.engine.milestones import Goal, Milestone, Streak
from loyalty.engine.program import Program
from loyalty.engine.referrals import ReferralRule
from loyalty.engine.rule import RuleShape
from loyalty.engine.scope import Scope

_PLACE = re.compile(r"%\((\w+)\)s")
SHOWN_NAMES = 3


@dataclass(frozen=True, slots=True)
class Part:
    """Some words; with `field`, a value that this field sets."""

    text: str
    field: str = ""


Sentence = tuple[Part, ...]
Slots = dict[str, Part | str]


def slot(text: str, field: str) -> Part:
    return Part(text, field)


def say(template: str, slots: Slots) -> Sentence:
    """The translated template with each %(name)s as a part of its own."""
    parts: list[Part] = []
    for index, piece in enumerate(_PLACE.split(template)):
        found = slots.get(piece, "") if index % 2 else piece.replace("%%", "%")
        part = found if isinstance(found, Part) else Part(found)
        if part.text:
            parts.append(part)
    return tuple(parts)


def plain(sentence: Iterable[Part]) -> str:
    return "".join(part.text for part in sentence)


@dataclass(frozen=True, slots=True)
class Words:
    """How the shop writes, and the program that names what rules name."""

    fmt: Format
    program: Program

    def money(self, amount_minor: int) -> str:
        return self.fmt.money_short(amount_minor, self.program.currency, self.program.exponent)

    def points(self, points: int, field: str = "points") -> Part:
        return slot(points_of(points, self.fmt), field)

    def named(self, part: str, ids: Sequence[str]) -> str:
        names = {each.id: each.name or each.id for each in getattr(self.program, part)}
        return listed([names.get(each, each) for each in ids])

    def titled(self, part: str, ids: Sequence[str]) -> str:
        """Products or collections, by what they are called where we know it."""
        known = ((each, self.fmt.titles.get((part, each), "")) for each in ids[:SHOWN_NAMES])
        return listed([isolated(title) if title else each for each, title in known] + list(ids[SHOWN_NAMES:]))


def listed(names: Sequence[str]) -> str:
    """Up to three names, and how many more."""
    shown = ", ".join(names[:SHOWN_NAMES])
    more = len(names) - SHOWN_NAMES
    return _("%(names)s and %(count)s more") % {"names": shown, "count": more} if more > 0 else shown


def gives(points: int, rewards: Sequence[str], words: Words) -> Part:
    """Points, gifts or both."""
    told = [points_of(points, words.fmt)] if points or not rewards else []
    told += [words.named("rewards", rewards)] if rewards else []
    return slot(_(" and ").join(told), "points" if points else "rewards")


def rule_sentence(rule: RuleShape, fmt: Format, program: Program) -> Sentence:
    """One rule in words, with what it applies to and its limits; a kind that has no sentence here is at least named."""
    words = Words(fmt, program)
    teller = _TELLERS.get(type(rule))
    if teller is None:
        return say(_("“%(name)s” gives points too"), {"name": rule.name or rule.id}) + _end(rule, words)
    return teller(rule, words) + _end(rule, words)


def _end(rule: RuleShape, words: Words) -> Sentence:
    clauses = [*conditions(rule.scope, words), *(_cap(cap, words) for cap in rule.caps)]
    parts = [piece for clause in clauses for piece in (Part(", "), *clause)]
    return (*parts, Part("."))


def _per_amount(rule: PerAmount, words: Words) -> Sentence:
    template = (
        _("Members earn %(points)s for every full %(amount)s they spend on %(goods)s")
        if rule.full_steps_only
        else _("Members earn %(points)s for every %(amount)s they spend on %(goods)s")
    )
    amount = slot(words.money(rule.per_minor), "per_minor")
    return say(template, {"points": words.points(rule.points), "amount": amount, "goods": goods(rule.scope, words)})


def _per_order(rule: PerOrder, words: Words) -> Sentence:
    if rule.scope.picks_lines:
        template = _("An order with %(goods)s earns %(points)s")
        return say(template, {"goods": goods(rule.scope, words), "points": words.points(rule.points)})
    return say(_("Every order earns %(points)s"), {"points": words.points(rule.points)})


def _per_item(rule: PerItem, words: Words) -> Sentence:
    template = _("Every item of %(goods)s earns %(points)s")
    return say(template, {"goods": goods(rule.scope, words), "points": words.points(rule.points)})


def _cashback(rule: Cashback, words: Words) -> Sentence:
    slots: Slots = {
        "percent": slot(f"{rule.percent}\N{NO-BREAK SPACE}%", "percent"),
        "goods": goods(rule.scope, words),
        "worth": slot(words.fmt.money(rule.point_value_minor, words.program.currency, words.program.exponent), "point_value_minor"),
    }  # fmt: skip
    return say(_("Members get %(percent)s back of what they spend on %(goods)s, in points worth %(worth)s each"), slots)


def _multiplier(rule: Multiplier, words: Words) -> Sentence:
    times = slot(_("%(times)s times") % {"times": rule.times}, "times")
    return say(_("Points count %(times)s on %(goods)s"), {"times": times, "goods": goods(rule.scope, words)})


def _exclude(rule: Exclude, words: Words) -> Sentence:
    return say(_("Nothing is earned on %(goods)s"), {"goods": goods(rule.scope, words)})


def _milestone(rule: Milestone, words: Words) -> Sentence:
    steps = [
        _("order number %(orders)s brings %(points)s")
        % {"orders": words.fmt.points(step.orders), "points": gives(step.points, step.rewards, words).text}
        for step in rule.steps
    ]
    return say(_("A member’s %(steps)s"), {"steps": slot(listed(steps), "steps")})


def _streak(rule: Streak, words: Words) -> Sentence:
    count = words.fmt.points(rule.length)
    span = (_("%(count)s weeks") if rule.period == "week" else _("%(count)s months")) % {"count": count}
    template = (
        _("Orders in %(span)s in a row bring %(points)s, again with every further streak")
        if rule.repeats
        else _("Orders in %(span)s in a row bring %(points)s, once")
    )
    return say(template, {"span": slot(span, "length"), "points": words.points(rule.points)})


def _goal(rule: Goal, words: Words) -> Sentence:
    within = {"month": _("in a calendar month"), "year": _("in a calendar year"), "lifetime": _("in all")}
    template = (
        _("Spending every %(amount)s %(within)s brings %(points)s")
        if rule.repeats
        else _("Spending %(amount)s %(within)s brings %(points)s, once")
    )
    slots: Slots = {
        "amount": slot(words.money(rule.amount_minor), "amount_minor"),
        "within": slot(within[rule.period], "period"),
        "points": words.points(rule.points),
    }
    return say(template, slots)


def _activity(rule: ActivityRule, words: Words) -> Sentence:
    slots: Slots = {
        "what": slot(str(ACTIVITY_NAMES.get(rule.activity, rule.activity)), "activity"),
        "code": slot(rule.code, "code"),
        "points": gives(rule.points, rule.rewards, words),
    }
    if rule.code:
        return say(_("%(what)s with the code %(code)s gives %(points)s"), slots)
    return say(_("%(what)s gives %(points)s"), slots)


def days_of(days: int, words: Words) -> str:
    return ngettext("%(days)s day", "%(days)s days", days) % {"days": words.fmt.points(days)}


def _birthday(rule: BirthdayRule, words: Words) -> Sentence:
    slots: Slots = {
        "points": gives(rule.points, rule.rewards, words),
        "known": slot(days_of(rule.known_days, words), "known_days"),
    }
    return say(_("A birthday gives %(points)s, if the date was known %(known)s before"), slots)


def _win_back(rule: WinBackRule, words: Words) -> Sentence:
    slots: Slots = {"days": slot(days_of(rule.days, words), "days"), "points": gives(rule.points, rule.rewards, words)}
    return say(_("Who has not ordered for %(days)s gets %(points)s, once for each absence"), slots)


def _referral(rule: ReferralRule, words: Words) -> Sentence:
    referrer = replace(gives(rule.referrer_points, rule.referrer_rewards, words), field="referrer_points")
    friend = replace(gives(rule.friend_points, rule.friend_rewards, words), field="friend_points")
    if referrer.text == friend.text:
        return say(_("Bringing a friend gives %(points)s to both, once the friend has bought"), {"points": friend})
    slots: Slots = {"referrer": referrer, "friend": friend}
    return say(
        _("Bringing a friend gives %(referrer)s, and %(friend)s to the friend, once the friend has bought"), slots
    )


_TELLERS: dict[type, Callable[..., Sentence]] = {
    PerAmount: _per_amount,
    PerOrder: _per_order,
    PerItem: _per_item,
    Cashback: _cashback,
    Multiplier: _multiplier,
    Exclude: _exclude,
    Milestone: _milestone,
    Streak: _streak,
    Goal: _goal,
    ActivityRule: _activity,
    BirthdayRule: _birthday,
    ReferralRule: _referral,
    WinBackRule: _win_back,
}


def goods(scope: Scope, words: Words) -> Part:
    """ "everything but sale items", "products tagged tea"."""
    only = [
        (words.titled("products", scope.products), "scope.products", _("the products %(names)s")),
        (words.titled("collections", scope.collections), "scope.collections", _("the collections %(names)s")),
        (listed(scope.tags), "scope.tags", _("products tagged %(names)s")),
        (listed(scope.vendors), "scope.vendors", _("the brands %(names)s")),
    ]
    without = [
        (words.titled("products", scope.without_products), _("the products %(names)s")),
        (words.titled("collections", scope.without_collections), _("the collections %(names)s")),
        (listed(scope.without_tags), _("products tagged %(names)s")),
        (listed(scope.without_vendors), _("the brands %(names)s")),
    ]
    named = [(template % {"names": names}, field) for names, field, template in only if names]
    left = [template % {"names": names} for names, template in without if names]
    left += [_("sale items")] if scope.without_on_sale else []
    left += [_("shipping, tax and fees")] if scope.without_extras else []
    what = _(" that are ").join(text for text, _field in named) if named else _("everything")
    field = named[0][1] if named else "scope.without_on_sale" if scope.without_on_sale else "scope.tags"
    if not left:
        return slot(what, field)
    return slot(_("%(what)s but %(left)s") % {"what": what, "left": listed(left)}, field)


def conditions(scope: Scope, words: Words) -> list[Sentence]:
    """What else must hold, a clause each."""
    found = [
        (scope.tiers, "scope.tiers", _("for %(names)s"), words.named("tiers", scope.tiers)),
        (scope.segments, "scope.segments", _("for members of %(names)s"), words.named("segments", scope.segments)),
        (scope.plans, "scope.plans", _("for members with %(names)s"), words.named("plans", scope.plans)),
        (scope.channels, "scope.channels", _("sold by %(names)s"), listed(scope.channels)),
        (scope.payment_methods, "scope.payment_methods", _("paid by %(names)s"), listed(scope.payment_methods)),
        (scope.currencies, "scope.currencies", _("in %(names)s"), listed(scope.currencies)),
        (scope.codes, "scope.codes", _("with the code %(names)s"), listed(scope.codes)),
    ]
    clauses = [say(template, {"names": slot(names, field)}) for values, field, template, names in found if values]
    for least_minor, field, template in (
        (scope.minimum_order_minor, "scope.minimum_order_minor", _("on orders of %(least)s or more")),
        (scope.minimum_spend_minor, "scope.minimum_spend_minor", _("from %(least)s of these goods")),
    ):
        if least_minor:
            clauses.append(say(template, {"least": slot(words.money(least_minor), field)}))
    if scope.minimum_items:
        least = slot(words.fmt.points(scope.minimum_items), "scope.minimum_items")
        clauses.append(say(_("from %(least)s items"), {"least": least}))
    if scope.first_order:
        clauses.append((slot(_("with the first order only"), "scope.first_order"),))
    if scope.draw_percent:
        percent = slot(f"{scope.draw_percent}\N{NO-BREAK SPACE}%", "scope.draw_percent")
        clauses.append(say(_("for %(percent)s of orders, drawn by lot"), {"percent": percent}))
    return [*clauses, *window(scope, words, "scope.")]


def window(scope: Scope, words: Words, prefix: str = "") -> list[Sentence]:
    """Dates and weekdays. `prefix` is where in the document they stand."""
    clauses = []
    for at, field, template in (
        (scope.starts_at, "starts_at", _("from %(day)s")),
        (scope.ends_at, "ends_at", _("until %(day)s")),
    ):
        if at is not None:
            clauses.append(say(template, {"day": slot(words.fmt.moment(at), prefix + field)}))
    for day, field, template in (
        (scope.first_day, "first_day", _("from %(day)s")),
        (scope.last_day, "last_day", _("to %(day)s")),
    ):
        if day is not None:
            clauses.append(say(template, {"day": slot(words.fmt.plain_day(day), prefix + field)}))
    if 0 < len(set(scope.weekdays)) < len(WEEKDAYS):
        names = dict(WEEKDAYS)
        days = slot(", ".join(str(names[str(day)]) for day in scope.weekdays), prefix + "weekdays")
        clauses.append(say(_("on %(days)s"), {"days": days}))
    return clauses


def _cap(cap: Cap, words: Words) -> Sentence:
    return (slot(cap_text(cap, words), "caps"),)


def cap_text(cap: Cap, words: Words) -> str:
    per = {
        "order": _("an order"),
        "event": _("each time"),
        "day": _("a day"),
        "week": _("a week"),
        "month": _("a month"),
        "year": _("a year"),
        "lifetime": _("in all"),
    }[cap.per]
    most = [points_of(cap.points, words.fmt)] if cap.points is not None else []
    if cap.times is not None:
        most.append(ngettext("%(times)s time", "%(times)s times", cap.times) % {"times": words.fmt.points(cap.times)})
    return _("at most %(most)s %(per)s") % {"most": _(" and ").join(most), "per": per}
