"""The what-if on the screen: what a draft would have cost, month by month, before anybody publishes it."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from loyalty.engine.errors import Invalid
from loyalty.engine.exchange import MAX_CHARACTERS, from_json, from_yaml
from loyalty.engine.money import format_minor
from loyalty.engine.program import Program
from loyalty.engine.simulate import Assumptions, Change, Comparison, Row
from loyalty.management.progress import Progress
from loyalty.models import Shop
from loyalty.selectors.simulation import member_count, simulate_shop

SHOWN = 5
HEADINGS = ("given", "taken back", "spent", "expired", "rewards", "will cost", "owed")


class Command(BaseCommand):
    help = (
        "Folds a shop's own history under a draft program and shows it beside the ledger: points given, spent and "
        "expired, what rewards cost, what is owed for open points, who changes tier, who wins and loses most. "
        "Changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.epilog = (
            "Month by month, live above draft: points given, taken back, spent (less what was returned) and expired; "
            "'rewards' is the value of what was taken and given away in the month; 'will cost' is what the points "
            "given in it will cost once they are spent, and 'owed' what all open points are worth at its end, both "
            "less breakage. Redemptions stand as they happened. Guests without an account are left out. "
            "Example: manage.py simulate --shop 1 --program draft.yaml --breakage 15"
        )
        parser.add_argument(
            "--shop", type=int, required=True, metavar="ID", help="whose history; the staff admin lists the numbers"
        )
        parser.add_argument(
            "--program", type=Path, required=True, metavar="FILE", help="the draft, as JSON (*.json) or YAML"
        )
        parser.add_argument(
            "--breakage",
            type=int,
            default=20,
            metavar="PERCENT",
            help="so many of 100 points are never spent (default: %(default)s)",
        )
        parser.add_argument(
            "--processes", type=int, default=os.cpu_count() or 1, help="at once (default: one per core, %(default)s)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        shop = Shop.objects.filter(pk=options["shop"]).first()
        if shop is None:
            raise CommandError(f"There is no shop {options['shop']}. The staff admin lists them with their numbers.")
        progress = Progress(sys.stderr, total=member_count(shop), what="members")
        try:
            comparison = simulate_shop(
                shop=shop,
                program=_read(options["program"]),
                as_of=datetime.now(UTC),
                assumptions=Assumptions(breakage_percent=options["breakage"]),
                processes=options["processes"],
                on_members=progress.advance,
            )
        except Invalid as refused:
            raise CommandError(f"{refused.message} ({refused.place or 'program'})") from refused
        finally:
            progress.end()
        for line in told(comparison, shop.currency, shop.exponent):
            self.stdout.write(line)


def _read(path: Path) -> Program:
    try:
        if path.stat().st_size > 4 * MAX_CHARACTERS:
            raise CommandError(f"{path} is too large for a program; it has at most {MAX_CHARACTERS:,} characters.")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read: {error}. Give a JSON or YAML file in UTF-8.") from error
    return from_json(text) if path.suffix == ".json" else from_yaml(text)


def told(comparison: Comparison, currency: str, exponent: int) -> list[str]:
    """The comparison in plain text: live above, draft below, month by month."""

    def money(amount_minor: int) -> str:
        return format_minor(amount_minor, currency, exponent)

    lines = [
        f"{comparison.members:,} members until {comparison.as_of:%Y-%m-%d %H:%M} UTC.",
        f"Live:  {comparison.live.name}, a point is worth up to {_worth(comparison.live.worth, money)}",
        f"Draft: {comparison.draft.name}, a point is worth up to {_worth(comparison.draft.worth, money)}",
        f"Assumed: {comparison.assumptions.breakage_percent} % of all points are never spent.",
        "Redemptions stand as they happened, gifts cost what their program says.",
        "What has no value in money (a percentage, free shipping, an experience) is not in the cost.",
        "",
        f"{'':15}" + "".join(f"{heading:>15}" for heading in HEADINGS),
    ]
    for live, draft in comparison.months():
        lines += [_row(live.month, "live", live, money), _row("", "draft", draft, money)]
    lines += ["", *_totals(comparison, money), "", *_moves(comparison)]
    gain = money if comparison.in_money else "{:,} points".format
    lines += _changes("Win most", comparison.winners, gain)
    lines += _changes("Lose most", comparison.losers, gain)
    lines.append(f"{comparison.unchanged:,} of {comparison.members:,} members neither win nor lose.")
    return lines


def _worth(worth: Any, money: Any) -> str:
    if worth <= 0:
        return "nothing that has a value in money"
    return f"{money(int(worth))}" if worth.denominator == 1 else f"{money(int(worth * 100))} per 100"


def _row(month: str, side: str, row: Row, money: Any) -> str:
    points = row.points
    counts = (points.given, points.taken_back, points.spent, points.expired)
    amounts = (points.rewards_minor, row.expected_minor, row.liability_minor)
    cells = [f"{count:,}" for count in counts] + [money(amount) for amount in amounts]
    return f"{month:9}{side:6}" + "".join(f"{cell:>15}" for cell in cells)


def _totals(comparison: Comparison, money: Any) -> list[str]:
    lines = []
    for name, side in (("Live", comparison.live), ("Draft", comparison.draft)):
        total = side.total
        cost = comparison.money(side, total.given + total.taken_back)
        lines.append(
            f"{name + ':':7}{total.given:,} points given, {-total.taken_back:,} taken back, {-total.spent:,} spent, "
            f"{-total.expired:,} expired, {side.available:,} open and {side.pending:,} pending; they will cost "
            f"{money(cost)}; rewards for {money(total.rewards_minor)} were taken, {total.unpriced:,} without a value."
        )
    return lines


def _moves(comparison: Comparison) -> list[str]:
    if not comparison.moves:
        return ["Nobody changes tier."]
    moves = sorted(comparison.moves.items(), key=lambda move: (-move[1], move[0]))
    return ["Change tier:", *(f"  {before or 'none'} -> {after or 'none'}: {n:,}" for (before, after), n in moves)]


def _changes(title: str, changes: Sequence[Change], gain: Any) -> list[str]:
    if not changes:
        return []
    return [
        f"{title}:",
        *(
            f"  member {each.member}: {gain(each.gain)} ({each.live_points:,} -> {each.draft_points:,} points)"
            for each in changes[:SHOWN]
        ),
    ]
