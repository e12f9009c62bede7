"""Is a document one that a merchant can mean? Every refusal says where, and what to do."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import combinations
from zoneinfo import ZoneInfo

from loyalty.engine.campaigns import overlap
from loyalty.engine.document import Program
from loyalty.engine.errors import Invalid
from loyalty.engine.naming import check_translations
from loyalty.engine.phrases import Phrase
from loyalty.engine.reward_checks import check_reward
from loyalty.engine.rule import RuleShape
from loyalty.engine.segments import in_order
from loyalty.engine.tiers import check_levels

MAX_RULES = 500
MAX_TEXT = 200
_UNKNOWN = {
    "reward": Phrase("There is no reward {id!r}; add it or take it out here."),
    "tier": Phrase("There is no tier {id!r}; add it or take it out here."),
    "plan": Phrase("There is no plan {id!r}; add it or take it out here."),
}


def check_program(program: Program) -> None:
    """Raises errors.Invalid (place, remedy) for the first thing that contradicts itself or is out of bounds."""
    _check_frame(program)
    _check_sizes(program)
    program.policies.check("$.policies")
    program.exclusions.check("$.exclusions")
    program.audience.check("$.audience")
    check_levels(program.tiers, "$.tiers")
    in_order(program.segments, "$.segments")
    for index, segment in enumerate(program.segments):
        if not 0 <= segment.minimum_age <= 150:
            raise Invalid("An age lies between 0 and 150 years.", place=f"$.segments[{index}].minimum_age")
    for index, cap in enumerate(program.caps):
        cap.check(f"$.caps[{index}]")
    for index, plan in enumerate(program.plans):
        plan.check(f"$.plans[{index}]")
    for index, rule in enumerate(program.rules):
        rule.check(f"$.rules[{index}]")
    for index, campaign in enumerate(program.campaigns):
        campaign.check(f"$.campaigns[{index}]")
    for index, reward in enumerate(program.rewards):
        check_reward(reward, f"$.rewards[{index}]")
    check_translations(program.translations, "$.translations")
    _check_names(program)
    _check_exclusives(program)


def _check_frame(program: Program) -> None:
    if not 0 < len(program.name) <= MAX_TEXT:
        raise Invalid("A program needs a name of up to 200 characters.", place="$.name")
    if len(program.currency) != 3 or not program.currency.isupper() or not program.currency.isascii():
        raise Invalid("Use the currency's three-letter code, such as EUR.", place="$.currency")
    if not 0 <= program.exponent <= 4:
        raise Invalid("A currency has 0 to 4 decimals.", place="$.exponent")
    try:
        ZoneInfo(program.time_zone)
    except (KeyError, ValueError, OSError):
        raise Invalid("Use a time zone's name, such as Europe/Berlin.", place="$.time_zone") from None
    if program.earns_from is not None and program.earns_from.tzinfo is None:
        raise Invalid("A time needs its zone, such as 2026-11-21T10:00:00Z.", place="$.earns_from")


def _check_sizes(program: Program) -> None:
    rules = len(program.rules) + sum(len(campaign.rules) for campaign in program.campaigns)
    for place, count, most in (
        ("$.rules", rules, MAX_RULES),
        ("$.campaigns", len(program.campaigns), 200),
        ("$.rewards", len(program.rewards), 200),
        ("$.tiers", len(program.tiers), 20),
        ("$.segments", len(program.segments), 200),
        ("$.plans", len(program.plans), 20),
        ("$.caps", len(program.caps), 10),
    ):
        if count > most:
            raise Invalid(
                "There are {count:,} of these; a program has at most {most:,}. Merge or remove some.",
                place=place,
                params={"count": count, "most": most},
            )


def _check_names(program: Program) -> None:
    """Ids are unique where they are used as names, and what is named is there."""
    rules = [(f"$.rules[{i}]", rule) for i, rule in enumerate(program.rules)]
    rules += [
        (f"$.campaigns[{i}].rules[{j}]", rule)
        for i, campaign in enumerate(program.campaigns)
        for j, rule in enumerate(campaign.rules)
    ]
    _check_ids(rules)
    for name in ("rewards", "tiers", "campaigns", "segments", "plans"):
        _check_ids((f"$.{name}[{i}]", each) for i, each in enumerate(getattr(program, name)))
    sold = [(f"$.plans[{i}].products", each) for i, plan in enumerate(program.plans) for each in plan.products]
    for place, product in sold:
        if sum(product == other for _, other in sold) > 1:
            raise Invalid(
                "The product {product!r} can buy one plan only; take it out of the others.",
                place=place,
                params={"product": product},
            )
    tiers = {level.id for level in program.tiers}
    plans = {plan.id for plan in program.plans}
    rewards = {reward.id for reward in program.rewards}
    for place, rule in rules:
        _check_known(rule.scope.tiers, tiers, "tier", f"{place}.scope.tiers")
        _check_known(rule.scope.plans, plans, "plan", f"{place}.scope.plans")
        for where, named in gifts_of(rule):
            _check_known(named, rewards, "reward", f"{place}.{where}")
    for i, reward in enumerate(program.rewards):
        _check_known(reward.tiers, tiers, "tier", f"$.rewards[{i}].tiers")
        _check_known(reward.plans, plans, "plan", f"$.rewards[{i}].plans")
    for i, level in enumerate(program.tiers):
        _check_known(level.entry_rewards, rewards, "reward", f"$.tiers[{i}].entry_rewards")


def gifts_of(rule: RuleShape) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The rewards that a rule gives without points, each with the field that names them."""
    for name in ("rewards", "referrer_rewards", "friend_rewards"):
        yield name, getattr(rule, name, ())
    for index, step in enumerate(getattr(rule, "steps", ())):
        yield f"steps[{index}].rewards", step.rewards


def _check_ids(named: Iterable[tuple[str, object]]) -> None:
    seen: set[str] = set()
    for place, each in named:
        name = str(getattr(each, "id", ""))
        if not 0 < len(name) <= 64:
            raise Invalid("An id has 1 to 64 characters.", place=f"{place}.id")
        if name in seen:
            raise Invalid("The id {id!r} stands twice; give each its own.", place=f"{place}.id", params={"id": name})
        seen.add(name)


def _check_known(names: Iterable[str], known: Collection[str], what: str, place: str) -> None:
    for name in names:
        if name not in known:
            raise Invalid(_UNKNOWN[what], place=place, params={"id": name})


def _check_exclusives(program: Program) -> None:
    """Two exclusive rules of campaigns that could meet need different priorities; exclusive says nothing elsewhere."""
    stacked = program.policies.stacking == "priority"
    exclusive: list[tuple[str, RuleShape]] = []
    for i, campaign in enumerate(program.campaigns):
        places = [f"$.campaigns[{i}].rules[{j}]" for j, rule in enumerate(campaign.rules) if rule.enabled]
        exclusive.extend(
            (place, rule)
            for place, rule in zip(places, campaign.effective_rules(), strict=False)
            if rule.exclusive and rule.__struct_config__.tag != "exclude"
        )
    if exclusive and not stacked:
        raise Invalid("An exclusive rule needs the policy stacking: priority.", place=exclusive[0][0])
    for (_, one), (place, other) in combinations(exclusive, 2):
        if type(one) is type(other) and one.priority == other.priority and overlap(one, other):
            raise Invalid(
                "{one} and {other} are both exclusive and can meet; give them different priorities.",
                place=f"{place}.priority",
                params={"one": one.id, "other": other.id},
            )
