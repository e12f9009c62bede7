"""Questions with their answers, and the terms: written from the program that is in force, with the merchant's own
beside them. A sentence is never more than the program does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from loyalty.engine.activities import ActivityRule, BirthdayRule
from loyalty.engine.earning import Cashback, PerAmount, PerItem, PerOrder
from loyalty.engine.milestones import Goal, Milestone, Streak
from loyalty.engine.naming import in_language
from loyalty.engine.policies import Policies
from loyalty.engine.program import Program, Reward, Rule
from loyalty.engine.referrals import ReferralRule
from loyalty.engine.rewards import LASTING, MONEY, SLIDING, paid_as
from loyalty.engine.scope import EVERYTHING
from loyalty.languages import Voice
from loyalty.models import Shop
from loyalty.models.widget import WidgetChoices
from loyalty.platforms.registry import carried
from loyalty.selectors.nudges import reward_names
from storefront_widget.config import Data
from storefront_widget.languages import written_in

Sentences = Iterator[str]
Gain = tuple[str, dict[str, str | int], int, tuple[str, ...]]
"""A way to earn as the widget words it - a message of the part "earn" and what it is filled with -, points and gifts."""


def terms_answer(*, shop: Shop, program: Program | None, choices: WidgetChoices, voice: Voice) -> Data:
    own_questions = written_in(choices.own_questions, [voice.language]) or ()
    asked = [{"question": each.question, "answer": each.answer} for each in own_questions]
    own = written_in(choices.own_terms, [voice.language]) or ""
    if program is None:
        return {"questions": asked, "terms": [], "own": own}
    program = in_language(program, voice.language)
    writer = _Writer(shop, program, voice, carried(shop, program))
    questions = [
        {"question": writer.say(f"ask.{name}"), "answer": " ".join(sentences)}
        for name, chapter in _QUESTIONS
        if (sentences := list(chapter(writer)))
    ]
    terms = [
        {"title": writer.say(f"title.{name}"), "sentences": sentences}
        for name, chapter in _CHAPTERS
        if (sentences := list(chapter(writer)))
    ]
    return {"questions": questions + asked, "terms": terms, "own": own}


@dataclass(frozen=True, slots=True)
class _Writer:
    shop: Shop
    program: Program
    voice: Voice
    rewards: list[Reward]
    """Those that the platform can carry."""

    @property
    def policies(self) -> Policies:
        return self.program.policies

    def say(self, message: str, part: str = "terms", **params: str | int) -> str:
        return self.voice.say(part, message, {"shop": self.shop.name, **params})

    def money(self, amount_minor: int) -> str:
        return self.voice.short_money(amount_minor, self.program.currency, self.program.exponent)

    def called(self, reward: Reward) -> str:
        """By its worth, as the panel shows it; by its name where another is worth the same."""
        worth = reward_names(self.program, self.voice)
        told = worth.get(reward.name, reward.name)
        return told if list(worth.values()).count(told) < 2 else reward.name

    def gift(self, points: int, rewards: tuple[str, ...]) -> str:
        """Points, gifts by their names, or both."""
        names = {reward.id: self.called(reward) for reward in self.program.rewards}
        given = [self.voice.say("panel", "points", {"points": points, "n": points})] if points else []
        return " + ".join(given + [names[reward] for reward in rewards if reward in names])


def _part(writer: _Writer) -> Sentences:
    policies, program = writer.policies, writer.program
    yield writer.say(f"part.{policies.enrolment}")
    yield writer.say(f"part.guests.{policies.guest_orders}")
    if program.audience.kind == "pilot":
        yield writer.say("part.pilot")
    elif program.exclusions.segments or program.audience.holdout_percent:
        yield writer.say("part.some")
    yield from _leave(writer)
    yield writer.say("part.money")
    yield writer.say("part.changes")


def _leave(writer: _Writer) -> Sentences:
    yield writer.say("part.leave")
    yield writer.say("part.left")


def _earn(writer: _Writer) -> Sentences:
    if writer.program.paused.earning:
        yield writer.say("earn.paused")
    rules = [rule for rule in writer.program.rules if rule.enabled]
    general = [rule for rule in rules if rule.scope == EVERYTHING]
    for rule in general:
        yield from _by(writer, rule)
    if writer.program.caps or any(rule.caps for rule in general):
        yield writer.say("earn.caps")
    if len(general) < len(rules) or any(campaign.enabled for campaign in writer.program.campaigns):
        yield writer.say("earn.more")


def _by(writer: _Writer, rule: Rule) -> Sentences:
    """What this rule gives, in the widget's own words for it; one that is for nobody to aim at is not told."""
    for message, params, points, rewards in _gains(writer, rule):
        what = writer.say(message, "earn", **params)
        yield writer.say("earn.gift", what=what, gift=writer.gift(points, rewards))
    if isinstance(rule, Cashback):
        yield writer.say("earn.back", percent=rule.percent)
    if isinstance(rule, PerAmount) and rule.full_steps_only:
        yield writer.say("earn.full", money=writer.money(rule.per_minor))
    if isinstance(rule, BirthdayRule) and rule.known_days:
        yield writer.say("earn.birthday", n=rule.known_days)


def _gains(writer: _Writer, rule: Rule) -> Iterator[Gain]:
    if isinstance(rule, PerAmount):
        yield "earn.per", {"money": writer.money(rule.per_minor)}, rule.points, ()
    elif isinstance(rule, PerOrder):
        yield "earn.per_order", {}, rule.points, ()
    elif isinstance(rule, PerItem):
        yield "earn.about.per_item", {}, rule.points, ()
    elif isinstance(rule, Goal):
        yield "earn.goal", {"money": writer.money(rule.amount_minor)}, rule.points, ()
    elif isinstance(rule, Streak):
        yield f"earn.streak.{rule.period}", {"n": rule.length}, rule.points, ()
    elif isinstance(rule, Milestone):
        for step in rule.steps:
            yield "earn.milestone", {"n": step.orders}, step.points, step.rewards
    elif isinstance(rule, BirthdayRule):
        yield "earn.birthday", {}, rule.points, rule.rewards
    elif isinstance(rule, ActivityRule) and not rule.code and rule.activity != "custom":
        yield f"earn.{rule.activity}", {}, rule.points, rule.rewards


def _counts(writer: _Writer) -> Sentences:
    policies, left_out = writer.policies, writer.program.exclusions
    yield writer.say("counts.after" if policies.basis == "after_discounts" else "counts.before")
    yield writer.say("counts.tax" if policies.count_tax else "counts.no_tax")
    yield writer.say("counts.shipping" if policies.count_shipping else "counts.no_shipping")
    if left_out.gift_cards:
        yield writer.say("counts.gift_cards")
    if left_out.on_sale:
        yield writer.say("counts.sale")
    if left_out.products or left_out.collections or left_out.tags:
        yield writer.say("counts.goods")
    yield writer.say(f"counts.own.{policies.paid_with_points}")


def _when(writer: _Writer) -> Sentences:
    yield writer.say(f"when.{writer.policies.moment}")
    if writer.policies.hold_days:
        yield writer.say("when.hold", n=writer.policies.hold_days)


def _refund(writer: _Writer) -> Sentences:
    policies = writer.policies
    yield writer.say("refund.earned")
    yield writer.say("refund.debt" if policies.negative == "allowed" else "refund.clamped")
    spent = "full" if policies.spent_points == "full_refund_only" else policies.spent_points
    yield writer.say(f"refund.spent.{spent}")


def _expiry(writer: _Writer) -> Sentences:
    policies = writer.policies
    if policies.expiry == "never":
        yield writer.say("expiry.never")
        return
    unit = "days" if policies.expiry_days else "months"
    yield writer.say(f"expiry.{policies.expiry}.{unit}", n=policies.expiry_days or policies.expiry_months)
    if policies.expiry == "lot":
        yield writer.say("expiry.first")


def _spend(writer: _Writer) -> Sentences:
    yield from _using(writer)
    for reward in writer.rewards:
        yield from _reward(writer, reward)


def _using(writer: _Writer) -> Sentences:
    if writer.program.paused.redeeming:
        yield writer.say("spend.paused")
    if not writer.rewards:
        return
    yield writer.say("spend.how")
    codes = [reward for reward in writer.rewards if paid_as(reward).kind not in (*LASTING, "access", "custom")]
    days = {reward.valid_days for reward in codes}
    ended = ".spent" if writer.policies.expired_codes == "stay_spent" else ""
    if len(days) == 1:
        yield writer.say(f"spend.days{ended}", n=days.pop())
    elif days:
        yield writer.say(f"spend.days.own{ended}")
    if codes and all(reward.cancellable for reward in codes):
        yield writer.say(f"spend.give_back{ended}")
    if any(paid_as(reward).kind in MONEY for reward in writer.rewards):
        yield writer.say("spend.money")


def _reward(writer: _Writer, reward: Reward) -> Sentences:
    name = {"reward": writer.called(reward)}
    if reward.kind in SLIDING:
        yield writer.say("spend.slider", **name, points=reward.points, money=writer.money(reward.value_minor))
    else:
        yield writer.say("spend.reward", **name, points=reward.points)
    if reward.minimum_order_minor:
        yield writer.say("spend.minimum", **name, money=writer.money(reward.minimum_order_minor))
    if reward.limit_per_member is not None:
        period = "" if reward.limit_period == "lifetime" else f".{reward.limit_period}"
        yield writer.say(f"spend.member{period}", **name, n=reward.limit_per_member)
    if reward.limit_total is not None or reward.stock is not None:
        yield writer.say("spend.stock", **name)
    if reward.tiers or reward.segments or reward.plans:
        yield writer.say("spend.some", **name)


def _tiers(writer: _Writer) -> Sentences:
    policies = writer.policies
    levels = [level for level in writer.program.tiers if not level.by_invitation]
    for level in levels:
        least = {"money": writer.money(level.minimum)} if policies.tier_measure == "spend" else {"n": level.minimum}
        measure = policies.tier_measure if level.minimum else "start"
        yield writer.say(f"tiers.{measure}", tier=level.name, points=level.minimum, **least)
        if level.perks:
            yield writer.say("tiers.perks", tier=level.name, perks=", ".join(level.perks))
    if not levels:
        return
    period = policies.tier_period.removeprefix("calendar_")
    yield writer.say(f"tiers.{period}", n=policies.tier_period_days)
    if policies.tier_kept != "while_qualified":
        yield writer.say(f"tiers.kept.{policies.tier_kept}")
    if policies.tier_grace_days:
        yield writer.say("tiers.grace", n=policies.tier_grace_days)


def _friends(writer: _Writer) -> Sentences:
    rules = [rule for rule in writer.program.rules if isinstance(rule, ReferralRule) and rule.enabled]
    for rule in rules:
        for who, given in (("you", rule.for_role("referrer")), ("friend", rule.for_role("friend"))):
            if gift := writer.gift(*given):
                yield writer.say(f"friends.{who}", gift=gift)
    if rules:
        yield writer.say("friends.new")
        yield writer.say("friends.once")


_QUESTIONS: tuple[tuple[str, Callable[[_Writer], Sentences]], ...] = (
    ("earn", _earn),
    ("when", _when),
    ("spend", _using),
    ("expiry", _expiry),
    ("refund", _refund),
    ("tiers", _tiers),
    ("friends", _friends),
    ("leave", _leave),
)
_CHAPTERS: tuple[tuple[str, Callable[[_Writer], Sentences]], ...] = (
    ("part", _part),
    ("earn", _earn),
    ("counts", _counts),
    ("when", _when),
    ("refund", _refund),
    ("expiry", _expiry),
    ("spend", _spend),
    ("tiers", _tiers),
    ("friends", _friends),
)
