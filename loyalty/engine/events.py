"""From facts to events: which instants of each fact change anything, and who handles them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from loyalty.engine.awards import order_events, spent_on
from loyalty.engine.decisions import adjust, bring_in, redemption_events
from loyalty.engine.facts import Adjustment, Fact, Import, Order, Redemption
from loyalty.engine.program import Version
from loyalty.engine.walk import Event, Rank, Walk


def events_of(walk: Walk, facts: Iterable[Fact]) -> list[Event]:
    """Unsorted. A fact given twice counts once: the last one with its kind and id stands."""
    known = list({(type(fact), fact.id): fact for fact in facts}.values())
    orders = [fact for fact in known if isinstance(fact, Order)]
    redemptions = [fact for fact in known if isinstance(fact, Redemption)]
    imports = [fact for fact in known if isinstance(fact, Import)]
    walk.spent_on = spent_on(orders, redemptions)
    walk.imported_until = max((each.at for each in imports), default=None)
    events: list[Event] = [
        (version.in_force_from, Rank.PROGRAM, f"version:{version.number:09}", change_version, version)
        for version in walk.versions
    ]
    for order in orders:
        events.extend(order_events(walk, order))
    for redemption in redemptions:
        events.extend(redemption_events(redemption))
    events.extend((each.at, Rank.GIVES, f"import:{each.id}", bring_in, each) for each in imports)
    events.extend(
        (fact.at, Rank.GIVES if fact.points > 0 else Rank.TAKES, f"adjustment:{fact.id}", adjust, fact)
        for fact in known
        if isinstance(fact, Adjustment)
    )
    return events


def change_version(walk: Walk, at: datetime, version: Version) -> None:
    """From now on the member lives under this version."""
    walk.version = version
