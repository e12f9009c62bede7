"""The what-if over a shop's own database: the ledger beside a draft."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path

import msgspec
import pytest
from django.core.management import CommandError, call_command

from loyalty.engine.errors import Invalid
from loyalty.engine.exchange import to_json, to_yaml
from loyalty.engine.presets import Setting, preset
from loyalty.engine.program import PerAmount, Program, default_program
from loyalty.engine.simulate import Assumptions, Comparison
from loyalty.models import LedgerEntry, Shop
from loyalty.selectors import simulation
from loyalty.selectors.programs import versions_of
from loyalty.selectors.simulation import each_of, simulate_shop
from loyalty.services.observations import Person
from loyalty.services.redemptions import redeem
from tests.factories import BOB, T0, make_order, make_shop, place, refund_of

DAY = timedelta(days=1)
UNTIL = T0 + 60 * DAY


def filled() -> Shop:
    """Alice: 520 and 100 points, 500 spent, 100 taken back; Bob: 45; a guest: nothing yet."""
    shop = make_shop()
    place(shop, make_order("1", at=T0 + DAY))
    place(shop, make_order("2", at=T0 + 2 * DAY, prices=(4_500,)), BOB)
    member_id = LedgerEntry.objects.filter(shop=shop, order_id="1").get().member_id
    redeem(shop=shop, member_id=member_id, reward_id="amount-off", request_key="k", at=T0 + 3 * DAY)
    order = make_order("3", at=T0 + 4 * DAY, prices=(10_000,))
    place(shop, order)
    back = (refund_of(order, 0, 10_000, at=T0 + 40 * DAY),)
    place(shop, make_order("3", at=T0 + 4 * DAY, prices=(10_000,), refunds=back, updated_at=T0 + 40 * DAY))
    place(shop, make_order("4", at=T0 + 5 * DAY), Person(email="guest@shopper.test"))
    return shop


def compared(shop: Shop, program: Program, processes: int = 1) -> Comparison:
    return simulate_shop(
        shop=shop,
        program=program,
        as_of=UNTIL,
        assumptions=Assumptions(breakage_percent=0),
        processes=processes,
        on_members=lambda count: None,
    )


def doubled(shop: Shop) -> Program:
    live = versions_of(shop)[-1].program
    twice = PerAmount(id="base", points=2, per_minor=100)
    return msgspec.structs.replace(live, name="Twice", rules=(twice,))


@pytest.mark.django_db
def test_the_live_program_as_a_draft_changes_nothing() -> None:
    shop = filled()
    found = compared(shop, versions_of(shop)[-1].program)
    assert (found.members, found.unchanged, found.moves) == (2, 2, {})
    assert all(live == draft for live, draft in found.months())
    assert found.live.total.net == found.draft.total.net == 20 + 45


@pytest.mark.django_db
def test_the_ledger_stands_beside_the_draft() -> None:
    shop = filled()
    found = compared(shop, doubled(shop))
    (march, march_b), (april, april_b) = found.months()
    assert (march.points.given, march_b.points.given) == (520 + 45 + 100, 1_330)
    assert (march.points.spent, march_b.points.spent, march.points.rewards_minor) == (-500, -500, 500)
    assert (april.points.taken_back, april_b.points.taken_back) == (-100, -200)
    assert (april.liability_minor, april_b.liability_minor) == (65, 630)
    assert [(each.live_points, each.draft_points) for each in found.winners] == [(520, 1_040), (45, 90)]


@pytest.mark.django_db
def test_another_shops_members_are_not_in_it() -> None:
    shop, other, empty = filled(), filled(), make_shop()
    before = compared(shop, doubled(shop))
    assert before.members == compared(other, doubled(other)).members == 2
    assert compared(empty, doubled(empty)).members == 0


@pytest.mark.django_db
def test_in_parts_the_sums_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = filled()
    whole = compared(shop, doubled(shop))
    for name in ("PART", "AT_ONCE"):
        monkeypatch.setattr(simulation, name, 1)
    parts = compared(shop, doubled(shop))
    assert (parts.months(), parts.winners, parts.members) == (whole.months(), whole.winners, whole.members)


@pytest.mark.django_db
def test_a_draft_in_another_currency_is_refused_before_anything_is_read() -> None:
    with pytest.raises(Invalid, match="are in EUR"):
        compared(make_shop(), default_program("USD", 2, "UTC", "Dollars"))


def test_several_processes_share_the_work_and_take_it_as_they_go() -> None:
    taken = 0

    def parts() -> Iterator[int]:
        nonlocal taken
        for number in range(40):
            taken += 1
            yield number * number

    results = each_of(math.isqrt, parts(), processes=2)
    found = [next(results)]
    assert taken <= 4 + 4
    assert sorted([*found, *results]) == list(range(40))


def test_what_fails_in_another_process_is_not_swallowed() -> None:
    with pytest.raises(ValueError, match="nonnegative"):
        list(each_of(math.isqrt, [-1], processes=2))


@pytest.mark.django_db
def test_the_command_prints_both_sides(tmp_path: Path) -> None:
    shop = filled()
    draft = tmp_path / "draft.yaml"
    draft.write_text(to_yaml(doubled(shop)))
    out = StringIO()
    call_command("simulate", shop=shop.pk, program=draft, processes=1, breakage=0, stdout=out)
    said = out.getvalue()
    assert "2 members until" in said
    march = next(row for row in said.splitlines() if row.startswith("2026-03"))
    assert march.split() == ["2026-03", "live", "665", "0", "-500", "0", "€5.00", "€6.65", "€1.65"]
    assert "€5.20 (520 -> 1,040 points)" in said
    assert "Nobody changes tier." in said


@pytest.mark.django_db
def test_the_command_speaks_points_and_tiers_where_money_is_no_measure(tmp_path: Path) -> None:
    shop = filled()
    setting = Setting(currency="EUR", exponent=2, time_zone="Europe/Riga")
    draft = tmp_path / "draft.json"
    draft.write_text(to_json(msgspec.structs.replace(preset("vip-spend").program(setting), rewards=())))
    out = StringIO()
    call_command("simulate", shop=shop.pk, program=draft, processes=1, stdout=out)
    said = out.getvalue()
    assert "none -> silver: 1" in said
    assert "none -> member: 1" in said
    assert "nothing that has a value in money" in said


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "no JSON document"),
        ('{"name": "X"}', "missing required field"),
        (None, "cannot be read"),
    ],
)
def test_the_command_says_what_is_wrong_with_a_file(tmp_path: Path, text: str | None, says: str) -> None:
    draft = tmp_path / "draft.json"
    if text is not None:
        draft.write_text(text)
    with pytest.raises(CommandError, match=says):
        call_command("simulate", shop=make_shop().pk, program=draft, processes=1)


@pytest.mark.django_db
def test_the_command_knows_no_shop_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="There is no shop 999999"):
        call_command("simulate", shop=999_999, program=tmp_path / "x.json")
