"""What goes wrong in other systems, and here does not."""

from loyalty.engine.facts import Issued
from loyalty.engine.program import Version
from tests.engine.factories import START, day, document, earned, folded, keys, line, order, redemption, refund


def taken_back(statement):
    return [-each.points for each in statement.movements if each.kind == "reversed"]


def test_a_refund_reverses_what_was_awarded_whatever_the_rules_are_today():
    then = document()[0].program
    for rate in (2, 5):
        rule = {"kind": "per_amount", "id": "r", "points": rate, "per_minor": 100}
        now = document(rule, base=False)[0].program
        under = [
            Version(number=1, in_force_from=START, program=then),
            Version(number=2, in_force_from=day(5), program=now),
        ]
        bought = order("A", day(1), 5000, refunds=(refund("F", day(9), 5000),))
        assert taken_back(folded(bought, under=under)) == [50]


def test_several_partial_refunds_count_each_with_an_excluded_product_in_the_order():
    goods = (line("1", 5000), line("2", 5000, tags=("never",)))
    refunds = (refund("a", day(2), 1000, "1"), refund("b", day(3), 5000, "2"), refund("c", day(4), 1500, "1"))
    bought = order("A", day(1), goods, refunds=refunds)
    assert taken_back(folded(bought, under=document(exclusions={"tags": ["never"]}))) == [10, 15]


def test_a_partial_refund_takes_its_part_and_returns_its_part_of_the_spent_points():
    spent = redemption("R", day(2), 300, code="c")
    bought = order("B", day(3), 4000, discount_codes=("c",), refunds=(refund("F", day(4), 1000),))
    assert keys(folded(order("A", day(1), 50_000), spent, bought))[-2:] == [
        ("reversed", "refund:F", "order:B", -10),
        ("returned", "refund:F", "redemption:R", 75),
    ]


def test_buying_earning_spending_and_refunding_leaves_nothing_behind():
    spent = redemption("R", day(2), 100, used_at=day(3))
    bought = order("A", day(1), 10_000, refunds=(refund("F", day(4), 10_000),))
    assert folded(bought, spent).available == -100


def test_editing_tiers_resets_nobody():
    def levels(silver):
        return [{"id": "m", "name": "M"}, {"id": "s", "name": "S", "minimum": silver, "entry_points": 25}]

    before, after = (document(tiers=levels(minimum))[0].program for minimum in (10_000, 5000))
    under = [
        Version(number=1, in_force_from=START, program=before),
        Version(number=2, in_force_from=day(50), program=after),
    ]
    high, low = order("A", day(1), 12_000), order("A", day(1), 6000)
    assert earned(folded(high, under=under)) == {"order:A": 120, "tier:s": 25}
    assert folded(high, under=under, as_of=day(60)).tier.since == day(1)
    statement = folded(low, under=under, as_of=day(60))
    assert (statement.tier.id, statement.tier.since) == ("s", day(50))


def test_the_same_order_in_three_snapshots_is_awarded_once():
    snapshots = [order("A", day(1), 5000, updated_at=day(n), paid_at=day(1) if n > 1 else None) for n in (3, 1, 2)]
    assert earned(folded(*snapshots)) == {"order:A": 50}


def test_cancelling_after_a_refund_or_refunding_after_a_cancellation_takes_once():
    for cancelled, refunded in ((9, 5), (5, 9)):
        bought = order("A", day(1), 5000, cancelled_at=day(cancelled), refunds=(refund("F", day(refunded), 2000),))
        assert sum(taken_back(folded(bought))) == 50


def test_a_gift_is_named_by_what_was_given_and_given_once():
    tiers = [{"id": "s", "name": "S", "minimum": 0, "entry_rewards": ["mug"]}]
    rewards = [{"id": "mug", "name": "Mug", "kind": "custom", "points": 1}]
    under = document(tiers=tiers, rewards=rewards)
    issued = Issued(id="1", at=day(2), gift="tier:s:mug")
    assert [gift.issued for gift in folded(order("A", day(1), 1), issued, under=under).gifts] == [True]
