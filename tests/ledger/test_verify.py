"""The audit finds what is wrong, all of it, and nothing else."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

from loyalty.engine.presets import Setting, preset
from loyalty.engine.statement import fold as engine_fold
from loyalty.models import LedgerEntry, Member, OutboxMessage, Redemption, StoredFact, VerifyRun
from loyalty.services import auditing
from loyalty.services.adjustments import adjust
from loyalty.services.programs import publish
from loyalty.services.redemptions import begin_issuing, give_back, mark_ready, redeem
from tests.factories import T0, make_member, make_order, make_shop, place
from tests.ledger.histories import FOLDED_AT, fill, guards_lifted

pytestmark = pytest.mark.django_db
Found = tuple[str, int, tuple[int, ...]]
"""Kind of fault, member, rows."""
LINE = re.compile(r"^(\w+): shop \d+, member (\d+), .*? rows (none|[\d, ]+): expected ", re.M)


def verify(*arguments: str) -> set[Found]:
    """What the command names, from its own words."""
    out = io.StringIO()
    try:
        call_command("verify_ledger", *arguments, stdout=out)
    except CommandError:
        found = LINE.findall(out.getvalue())
        assert found
        assert len(found) == len(out.getvalue().splitlines()), out.getvalue()
        return {(kind, int(member), _ids(rows)) for kind, member, rows in found}
    return set()


def _ids(rows: str) -> tuple[int, ...]:
    return () if rows == "none" else tuple(int(pk) for pk in rows.split(", "))


def rows_of(member: Member) -> list[LedgerEntry]:
    return list(LedgerEntry.objects.filter(shop=member.shop_id, member=member).order_by("pk"))


def change(row: LedgerEntry, **fields: object) -> None:
    LedgerEntry.objects.filter(shop=row.shop_id, pk=row.pk).update(**fields)


def amount(member: Member, other: Member) -> set[Found]:
    row = rows_of(member)[2]
    change(row, points=row.points + 5)
    return {("amount", member.pk, (row.pk,))}


def balance_after(member: Member, other: Member) -> set[Found]:
    row = rows_of(member)[2]
    change(row, balance_after=row.balance_after - 3)
    return {("balance_after", member.pk, (row.pk,))}


def missing(member: Member, other: Member) -> set[Found]:
    row = rows_of(member)[2]
    LedgerEntry.objects.filter(shop=row.shop_id, pk=row.pk).delete()
    return {("missing", member.pk, ())}


def missing_correction(member: Member, other: Member) -> set[Found]:
    row = rows_of(member)[2]
    change(row, revision=1)
    return {("missing", member.pk, ())}


def doubled(member: Member, other: Member) -> set[Found]:
    row = rows_of(member)[2]
    row.pk, row.revision, row.balance_after = None, 1, member.posted + row.points
    row.save(force_insert=True)
    return {("doubled", member.pk, (row.pk,))}


def wrong_member(member: Member, other: Member) -> set[Found]:
    row = rows_of(member)[2]
    change(row, member=other)
    return {("missing", member.pk, ()), ("unexplained", other.pk, (row.pk,))}


def wrong_shop(member: Member, other: Member) -> set[Found]:
    row = rows_of(member)[2]
    change(row, shop=make_shop(platform="ecwid"))
    return {("shop", member.pk, (row.pk,))}


def wrong_reason(member: Member, other: Member) -> set[Found]:
    mine, theirs = rows_of(member)[2], rows_of(other)[3]
    change(mine, reason=theirs.reason)
    return {("reason", member.pk, (mine.pk,))}


def no_reason(member: Member, other: Member) -> set[Found]:
    row = rows_of(member)[2]
    change(row, reason={})
    return {("reason", member.pk, (row.pk,))}


def reason_of_another_kind(member: Member, other: Member) -> set[Found]:
    row = next(row for row in rows_of(member) if row.kind == "earned")
    change(row, reason={"message": "expired.lot"})
    return {("reason", member.pk, (row.pk,))}


def wrong_cache(member: Member, other: Member) -> set[Found]:
    Member.objects.filter(shop=member.shop_id, pk=member.pk).update(posted=member.posted + 1)
    return {("balances", member.pk, (member.pk,))}


def _redeemed(member: Member, at: datetime = FOLDED_AT) -> Redemption:
    adjust(shop=member.shop, member_id=member.pk, points=900, actor="A", reason="B", key=f"k{member.pk}", at=at)
    return redeem(shop=member.shop, member_id=member.pk, reward_id="amount-off", request_key="r", at=at)


def never_settled(member: Member, other: Member) -> set[Found]:
    redemption = _redeemed(member)
    OutboxMessage.objects.filter(shop=member.shop, subject=str(redemption.number)).delete()
    return {("reservation", member.pk, (redemption.pk,))}


def redemption_without_its_fact(member: Member, other: Member) -> set[Found]:
    redemption = _redeemed(member)
    facts = StoredFact.objects.filter(shop=member.shop, kind="redemption", external_id=str(redemption.number))
    facts.update(member=other)
    taken = LedgerEntry.objects.get(shop=member.shop, member=member, kind="redeemed")
    return {
        ("redemption", member.pk, (redemption.pk,)),
        ("unexplained", member.pk, (taken.pk,)),
        ("balances", member.pk, (member.pk,)),
        ("redemption", other.pk, ()),
    }


def given_back_in_the_row_alone(member: Member, other: Member) -> set[Found]:
    redemption = _redeemed(member)
    Redemption.objects.filter(shop=member.shop, pk=redemption.pk).update(state="returned")
    return {("redemption", member.pk, (redemption.pk,))}


PLANTED: list[Callable[[Member, Member], set[Found]]] = [
    amount,
    balance_after,
    missing,
    missing_correction,
    doubled,
    wrong_member,
    wrong_shop,
    wrong_reason,
    no_reason,
    reason_of_another_kind,
    wrong_cache,
    never_settled,
    given_back_in_the_row_alone,
]


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__.replace("_", " "))
def test_one_fault_is_named_and_nothing_else(plant: Callable[[Member, Member], set[Found]]) -> None:
    members = fill(make_shop(), members=6, orders=6)
    assert verify() == set()
    with guards_lifted():
        expected = plant(members[1], members[4])
    assert verify() == expected


def test_one_fault_of_each_kind_among_many_movements_and_exactly_those_rows() -> None:
    _find_all_among(members=60, orders=8)


@pytest.mark.load
def test_one_fault_of_each_kind_among_a_hundred_thousand_movements() -> None:
    _find_all_among(members=5_000, orders=18)
    assert LedgerEntry.objects.across_shops().count() >= 100_000


def _find_all_among(*, members: int, orders: int) -> None:
    made = fill(make_shop(), members=members, orders=orders)
    fill(make_shop(), members=3, orders=3)
    expected: set[Found] = set()
    with guards_lifted():
        for index, plant in enumerate(PLANTED):
            expected |= plant(made[index * 3], made[index * 3 + 1])
    started = time.monotonic()
    assert verify() == expected
    rows = LedgerEntry.objects.across_shops().count()
    print(f"{rows:,} rows verified in {time.monotonic() - started:.1f} s")


def test_the_fact_and_the_row_of_a_redemption_belong_together() -> None:
    members = fill(make_shop(), members=2, orders=3)
    with guards_lifted():
        expected = redemption_without_its_fact(*members)
    found = verify()
    assert expected <= found
    # The other member now has a decision that nobody posted to them.
    assert {kind for kind, member, _ in found - expected} <= {"missing", "balances", "redemption"}
    assert {member for _, member, _ in found - expected} <= {members[1].pk}


def test_what_the_product_writes_is_never_a_fault() -> None:
    """Corrections, withdrawn awards, redemptions in every state, guests."""
    shop = make_shop()
    member = make_member(shop, points=3000)
    order = make_order("77", at=T0 + timedelta(days=2))
    place(shop, order)
    cancelled = make_order("77", at=order.placed_at, cancelled_at=T0 + timedelta(days=3), updated_at=FOLDED_AT)
    place(shop, cancelled)
    unpaid = make_order("78", at=T0 + timedelta(days=2))
    place(shop, unpaid)
    place(shop, make_order("78", at=unpaid.placed_at, paid=False, updated_at=FOLDED_AT))
    for index, end in enumerate(("failed", "cancelled", "expired", "ready", "reserved")):
        now = datetime.now(UTC) if end == "reserved" else FOLDED_AT
        taken = redeem(shop=shop, member_id=member.pk, reward_id="amount-off", request_key=str(index), at=now)
        if end != "reserved":
            begin_issuing(shop=shop, number=taken.number)
            mark_ready(shop=shop, number=taken.number, external_id="x", at=now)
        if end in ("failed", "cancelled", "expired"):
            give_back(shop=shop, number=taken.number, why="cancelled" if end == "failed" else end, at=now)
    withdrawn = LedgerEntry.objects.filter(shop=shop, reason__message="correction.withdrawn")
    assert withdrawn.exists()
    assert verify() == set()


def test_a_milestone_that_a_late_order_moved_to_another_is_no_fault() -> None:
    """The second order of what was known becomes the third; the milestone gives the same for the one before it."""
    shop = make_shop()
    milestones = preset("milestones").program(Setting(currency="EUR", exponent=2, time_zone="Europe/Riga"))
    publish(shop=shop, program=milestones, at=T0 + timedelta(seconds=1))
    place(shop, make_order("1", at=T0 + timedelta(days=1)))
    for number, day in (("2", 2), ("3", 4), ("4", 5), ("late", 3)):
        place(shop, make_order(number, at=T0 + timedelta(days=day), prices=(5_000,)), at=T0 + timedelta(days=6))
    [row] = LedgerEntry.objects.filter(shop=shop, source="milestone:orders:4")
    assert row.reason["params"]["number"] == "#4"
    assert verify() == set()


def test_a_posting_between_two_reads_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = make_shop()
    member = make_member(shop, points=100)
    is_first = True

    def fold_while_the_shop_works(*arguments: object) -> object:
        nonlocal is_first
        if is_first:
            is_first = False
            adjust(shop=shop, member_id=member.pk, points=5, actor="A", reason="B", key="k", at=FOLDED_AT)
            arguments = (arguments[0], [], arguments[2])
        return engine_fold(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(auditing, "fold", fold_while_the_shop_works)
    assert verify() == set()
    assert not is_first


def test_a_run_is_recorded_with_what_it_saw_and_one_shop_alone_can_be_asked() -> None:
    sound, faulty = make_shop(), make_shop()
    fill(sound, members=2, orders=2)
    members = fill(faulty, members=2, orders=3)
    with guards_lifted():
        amount(members[0], members[1])
    assert verify("--shop", str(sound.pk)) == set()
    assert len(verify()) == 1
    one, everything = VerifyRun.objects.order_by("pk")
    assert (one.shop, one.members, one.rows, one.faults) == (sound, 2, 4, 0)
    assert (everything.shop, everything.members, everything.faults) == (None, 4, 1)
    assert everything.finished_at >= everything.started_at


def test_a_shop_that_is_not_there_is_said() -> None:
    with pytest.raises(CommandError, match="There is no shop 12345"):
        call_command("verify_ledger", "--shop", "12345")
