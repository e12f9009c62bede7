"""The what-if: a shop's own history under another program, beside the one it lived under.

Members come one after the other and leave sums behind, so a million orders need no more memory than one member, the
months there were, and the largest few of those who win or lose. Comparisons of parts of a shop add up to that of the
whole. Redemptions are decisions: they stand as they happened, whatever a program would have charged. What a program
pays out by itself is its own: the live one's is left out under the draft, and the draft's is played.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from typing import Any, NamedTuple

import msgspec

from loyalty.engine.calendar import zone_of
from loyalty.engine.document import Program, Version
from loyalty.engine.earning import Cashback
from loyalty.engine.errors import Invalid
from loyalty.engine.events import events_of
from loyalty.engine.facts import Fact, Issued, Order, Redemption
from loyalty.engine.ladder import tier_of
from loyalty.engine.payouts import left_out, play
from loyalty.engine.statement import walked
from loyalty.engine.walk import Walk

LARGEST = 20
"""Winners and losers kept, each."""

HUNDRED = 100

_ABOVE = Fraction(1, 10**12)
STEPS = (-2 + _ABOVE, -1 + _ABOVE, Fraction(0), _ABOVE, Fraction(1), Fraction(2), Fraction(4))
"""Where one group of winners or losers ends and the next begins, in steps (`step_of`): two steps or more lost, one or
more, less, none, then less than one gained, less than two, less than four, more."""


class Assumptions(msgspec.Struct, frozen=True, kw_only=True):
    """What no history says: `breakage_percent` of all points are never spent."""

    breakage_percent: int = 20

    def check(self) -> None:
        if not 0 <= self.breakage_percent <= HUNDRED:
            raise Invalid("Breakage lies between 0 and 100 percent.", place="breakage_percent")


class Posting(NamedTuple):
    """One movement, or one row of the ledger: what moved when, and for which redemption, if for any."""

    kind: str
    points: int
    at: datetime
    source: str
    part: str = ""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What one member has under one program at the end."""

    postings: Sequence[Posting]
    available: int
    pending: int
    tier: str = ""
    gifts: Sequence[tuple[datetime, str]] = ()
    """What was given without points: when, and which reward."""
    payouts: Sequence[Redemption] = ()
    """Cashback that the program would have paid out by itself."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """A member as the stream brings them. `live` is what was posted, where somebody has read it; otherwise it is
    folded."""

    id: str
    facts: Sequence[Fact]
    live: Outcome | None = None


class Month(msgspec.Struct, kw_only=True):
    """Points by what happened to them (`taken_back`, `spent` and `expired` are negative, `spent` with what was
    returned), and `rewards_minor`, the value of the rewards taken and of gifts; `unpriced` counts those without one (a
    percentage, free shipping, an experience)."""

    given: int = 0
    taken_back: int = 0
    spent: int = 0
    expired: int = 0
    other: int = 0
    rewards_minor: int = 0
    unpriced: int = 0

    @property
    def net(self) -> int:
        return self.given + self.taken_back + self.spent + self.expired + self.other

    def add(self, more: Month) -> None:
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(more, name))


_COLUMNS = {"earned": "given", "reversed": "taken_back", "redeemed": "spent", "returned": "spent", "expired": "expired"}


class Side:
    """The sums of one program over all members so far."""

    def __init__(self, program: Program) -> None:
        self.name = program.name
        self.zone = zone_of(program.time_zone)
        self.levels = program.tiers
        self.worth = point_worth(program)
        self.prices = {reward.id: reward.value_minor for reward in program.rewards}
        self.months: dict[str, Month] = {}
        self.available = 0
        self.pending = 0
        self.tiers: dict[str, int] = {}

    def add(self, outcome: Outcome, redemptions: Sequence[Redemption], as_of: datetime) -> int:
        """One member's; returns the points they have had the use of: what is left, what waits, what was spent."""
        had = outcome.available + outcome.pending
        promised = {f"redemption:{each.id}": each for each in redemptions}
        for posting in outcome.postings:
            column = _COLUMNS.get(posting.kind, "other")
            month = self._month(posting.at)
            setattr(month, column, getattr(month, column) + posting.points)
            if column == "spent":
                had -= posting.points
                spent = promised.get(posting.part)
                if spent is not None and spent.points and posting.kind == "returned":
                    month.rewards_minor -= spent.value_minor * posting.points // spent.points
        self._price(redemptions, as_of)
        for at, reward in outcome.gifts:
            month, value_minor = self._month(at), self.prices.get(reward, 0)
            month.rewards_minor += value_minor
            month.unpriced += not value_minor
        self.available += outcome.available
        self.pending += outcome.pending
        self.tiers[outcome.tier] = self.tiers.get(outcome.tier, 0) + 1
        return had

    def merge(self, other: Side) -> None:
        for name, month in other.months.items():
            self.months.setdefault(name, Month()).add(month)
        for tier, count in other.tiers.items():
            self.tiers[tier] = self.tiers.get(tier, 0) + count
        self.available += other.available
        self.pending += other.pending

    def state(self) -> dict[str, Any]:
        """Its sums as plain data; `restore` goes on from them."""
        months = {name: msgspec.to_builtins(month) for name, month in self.months.items()}
        return {"months": months, "available": self.available, "pending": self.pending, "tiers": self.tiers}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.months = {name: Month(**month) for name, month in state["months"].items()}
        self.available, self.pending = state["available"], state["pending"]
        self.tiers = dict(state["tiers"])

    @property
    def total(self) -> Month:
        total = Month()
        for month in self.months.values():
            total.add(month)
        return total

    def _price(self, redemptions: Sequence[Redemption], as_of: datetime) -> None:
        """A promise costs its value, whether the points for it were there or not; an unused code costs nothing."""
        for each in redemptions:
            if each.at > as_of:
                continue
            month = self._month(each.at)
            month.rewards_minor += each.value_minor
            month.unpriced += not each.value_minor
            if each.given_back_at is not None and each.given_back_at <= as_of:
                back = self._month(max(each.at, each.given_back_at))
                back.rewards_minor -= each.value_minor
                back.unpriced -= not each.value_minor

    def _month(self, at: datetime) -> Month:
        local = at.astimezone(self.zone)
        name = f"{local.year}-{local.month:02}"
        month = self.months.get(name)
        if month is None:
            month = self.months[name] = Month()
        return month


class Change(NamedTuple):
    """What the draft means to one member: `gain` in minor units where points of both programs have a worth, otherwise
    in points."""

    gain: int
    member: str
    live_points: int
    draft_points: int


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One month of one side. `expected_minor` is what the points given in it (less those taken back) will cost once
    spent, `liability_minor` what is owed for all open points at its end (debts taken off), both less breakage."""

    month: str
    points: Month
    expected_minor: int
    liability_minor: int


class Comparison:
    """The live program and the draft, side by side."""

    def __init__(self, live: Program, draft: Program, as_of: datetime, assumptions: Assumptions) -> None:
        assumptions.check()
        if (live.currency, live.exponent) != (draft.currency, draft.exponent):
            raise Invalid(
                "The shop's programs are in {currency}; write the draft in it.",
                place="$.currency",
                params={"currency": live.currency},
            )
        self.as_of = as_of
        self.assumptions = assumptions
        self.live = Side(live)
        self.draft = Side(draft)
        self.members = 0
        self.unchanged = 0
        """Members for whom nothing differs that can be spent."""
        self.moves: dict[tuple[str, str], int] = {}
        """Members by tier now and under the draft, where the two differ."""
        self.step = step_of(live)
        self.spread = [0] * (len(STEPS) + 1)
        """Members by the difference in points, from those who lose most to those who gain most (`STEPS`)."""
        self.orders = 0
        self.sales_minor = 0
        """Of the members' orders that either program could have judged: paid, not cancelled, less refunds."""
        self._winners: list[Change] = []
        self._losers: list[Change] = []

    def add(self, member: Known, live: Outcome, draft: Outcome, stands: Sequence[Redemption]) -> None:
        """`stands` are the redemptions that any program would have met with."""
        redemptions = redemptions_of(member.facts)
        before = self.live.add(live, redemptions, self.as_of)
        after = self.draft.add(draft, [*stands, *draft.payouts], self.as_of)
        self.members += 1
        if live.tier != draft.tier:
            move = (live.tier, draft.tier)
            self.moves[move] = self.moves.get(move, 0) + 1
        self.spread[bisect_right(STEPS, Fraction(after - before, self.step))] += 1
        priced = self.live.worth > 0 and self.draft.worth > 0
        gain = int(after * self.draft.worth - before * self.live.worth) if priced else after - before
        if gain:
            change = Change(gain, member.id, before, after)
            (self._winners if gain > 0 else self._losers).append(change)
            self._forget()
        else:
            self.unchanged += 1

    def add_sales(self, facts: Sequence[Fact], since: datetime) -> None:
        for fact in facts:
            if isinstance(fact, Order) and since <= fact.placed_at <= self.as_of and _is_sale(fact):
                self.orders += 1
                refunded = sum(refund.amount_minor for refund in fact.refunds if refund.money_moved)
                rate, per = fact.rate or (1, 1)
                self.sales_minor += max(0, fact.total_minor - refunded) * rate // per

    def state(self) -> dict[str, Any]:
        """All of it but the two programs, as plain data; `restore` goes on from it."""
        return {
            "members": self.members,
            "unchanged": self.unchanged,
            "moves": [[*move, count] for move, count in self.moves.items()],
            "spread": self.spread,
            "orders": self.orders,
            "sales_minor": self.sales_minor,
            "winners": [list(change) for change in self._winners],
            "losers": [list(change) for change in self._losers],
            "live": self.live.state(),
            "draft": self.draft.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        self.members, self.unchanged = state["members"], state["unchanged"]
        self.moves = {(before, after): count for before, after, count in state["moves"]}
        self.spread, self.orders, self.sales_minor = list(state["spread"]), state["orders"], state["sales_minor"]
        self._winners = [Change(*change) for change in state["winners"]]
        self._losers = [Change(*change) for change in state["losers"]]
        self.live.restore(state["live"])
        self.draft.restore(state["draft"])

    def merge(self, other: Comparison) -> None:
        """The same two programs over other members."""
        self.spread = [one + more for one, more in zip(self.spread, other.spread, strict=True)]
        self.orders += other.orders
        self.sales_minor += other.sales_minor
        self.live.merge(other.live)
        self.draft.merge(other.draft)
        self.members += other.members
        self.unchanged += other.unchanged
        for move, count in other.moves.items():
            self.moves[move] = self.moves.get(move, 0) + count
        self._winners += other._winners
        self._losers += other._losers
        self._forget()

    @property
    def in_money(self) -> bool:
        """Is a gain an amount of money, or points?"""
        return self.live.worth > 0 and self.draft.worth > 0

    @property
    def winners(self) -> list[Change]:
        """Largest first."""
        return sorted(self._winners, key=_size)[:LARGEST]

    @property
    def losers(self) -> list[Change]:
        return sorted(self._losers, key=_size)[:LARGEST]

    def months(self) -> list[tuple[Row, Row]]:
        """Every month in which anything happened on either side, oldest first: live, draft."""
        names = sorted({*self.live.months, *self.draft.months})
        return list(zip(self._rows(self.live, names), self._rows(self.draft, names), strict=True))

    def money(self, side: Side, points: int) -> int:
        """What so many points will cost on this side, breakage taken off; rounded down."""
        return self.cost(side.worth, points)

    def cost(self, worth: Fraction, points: int) -> int:
        """The same where a point is worth so many minor units."""
        return int(points * worth * (HUNDRED - self.assumptions.breakage_percent) / HUNDRED)

    def _rows(self, side: Side, names: Sequence[str]) -> list[Row]:
        rows, outstanding = [], 0
        for name in names:
            month = side.months.get(name) or Month()
            outstanding += month.net
            rows.append(
                Row(
                    month=name,
                    points=month,
                    expected_minor=self.money(side, month.given + month.taken_back),
                    liability_minor=self.money(side, max(0, outstanding)),
                )
            )
        return rows

    def _forget(self) -> None:
        for changes in (self._winners, self._losers):
            if len(changes) > 4 * LARGEST:
                changes.sort(key=_size)
                del changes[LARGEST:]


def step_of(program: Program) -> int:
    """Points that make a difference: a fifth of what the cheapest reward costs."""
    costs = [reward.points for reward in program.rewards if reward.enabled and reward.points]
    return max(1, min(costs, default=500) // 5)


def _is_sale(order: Order) -> bool:
    return order.paid_at is not None and order.cancelled_at is None and not order.test


def _size(change: Change) -> tuple[int, str]:
    return (-abs(change.gain), change.member)


def point_worth(program: Program) -> Fraction:
    """Minor units that a point can cost: the best rate at which its rewards turn points into money, or what its
    cashback says; zero where it has neither."""
    rates = [
        Fraction(reward.value_minor, reward.points)
        for reward in program.rewards
        if reward.enabled and reward.points and reward.kind != "percent_off"
    ]
    rates += [Fraction(rule.point_value_minor) for rule in program.rules if isinstance(rule, Cashback)]
    return max(rates, default=Fraction())


def outcome_of(versions: Sequence[Version], facts: Iterable[Fact], as_of: datetime) -> Outcome:
    """The numbers of a fold; nobody reads the reasons, so none are made."""
    return _numbers(walked(versions, facts, as_of), ())


def played(versions: Sequence[Version], facts: Iterable[Fact], as_of: datetime) -> Outcome:
    """The same where nobody has lived under these versions: with what they would have paid out by themselves."""
    walk = Walk(versions, as_of)
    payouts = play(walk)
    walk.run(events_of(walk, facts))
    return _numbers(walk, payouts)


def _numbers(walk: Walk, payouts: Sequence[Redemption]) -> Outcome:
    tier = tier_of(walk, walk.as_of)
    return Outcome(
        postings=[Posting(each.kind, each.points, each.at, each.source, each.part) for each in walk.movements],
        available=walk.books.available,
        pending=sum([held.points for held in walk.pending.values()]),
        tier=tier.id if tier is not None else "",
        gifts=[(gift.at, gift.reward) for gift in walk.gifts.values()],
        payouts=payouts,
    )


def gifts_given(facts: Iterable[Fact]) -> list[tuple[datetime, str]]:
    """What was handed out without points. The key of a gift ends with the reward."""
    return [(fact.at, fact.gift.rpartition(":")[2]) for fact in facts if isinstance(fact, Issued)]


def redemptions_of(facts: Sequence[Fact]) -> list[Redemption]:
    """What members chose themselves: it stands under any program. A gift is due under one and not under another."""
    given = set(gifts_given(facts))
    redemptions = [fact for fact in facts if isinstance(fact, Redemption)]
    return [each for each in redemptions if each.points or (each.at, each.reward) not in given]


def as_draft(live: Sequence[Version], program: Program) -> list[Version]:
    """The draft as if it had been there from the beginning: in force since the first live version, for the orders
    from before it that this one let earn."""
    if not live:
        raise Invalid("This shop has published no program yet, so there is nothing to compare with.")
    first = min(live, key=lambda version: (version.in_force_from, version.number))
    earns_from = program.earns_from or first.program.earns_from
    return [
        Version(
            number=1,
            in_force_from=first.in_force_from,
            program=msgspec.structs.replace(program, earns_from=earns_from),
        )
    ]


def simulate(
    members: Iterable[Known],
    live: Sequence[Version],
    draft: Sequence[Version],
    as_of: datetime,
    assumptions: Assumptions | None = None,
    on_member: Callable[[Known], None] | None = None,
) -> Comparison:
    """Both programs over all members, read once and one at a time. Raises Invalid for a draft in another currency, or
    where either side has no version."""
    if not live or not draft:
        raise Invalid("A comparison needs a program on either side.")
    comparison = Comparison(live[-1].program, draft[-1].program, as_of, assumptions or Assumptions())
    begins = draft[0].program.earns_from or draft[0].in_force_from
    for member in members:
        before = member.live or outcome_of(live, member.facts, as_of)
        chosen = left_out(live, member.facts)
        comparison.add(member, before, played(draft, chosen, as_of), redemptions_of(chosen))
        comparison.add_sales(member.facts, begins)
        if on_member is not None:
            on_member(member)
    return comparison
