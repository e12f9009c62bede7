"""Numbers, money and dates as the shop writes them: its locale, currency and time zone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time, format_timedelta
from babel.numbers import NumberPattern, format_decimal, format_percent, parse_pattern

from loyalty.models import Shop

_LETTERS_BESIDE_DIGITS = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
"""Where a currency has no sign but a code, CLDR puts a space between it and the number; babel does not."""
MINUS = "\N{MINUS SIGN}"


@dataclass(frozen=True, slots=True)
class Format:
    """How one shop writes. Amounts are minor units of `currency` unless another is named; instants are aware. `titles`
    are what products and collections are called, by ("products" or "collections", id), where a page has asked for them."""

    locale: Locale
    zone: ZoneInfo
    currency: str
    exponent: int
    titles: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def points(self, points: int) -> str:
        return _true_minus(format_decimal(points, locale=self.locale))

    def signed(self, points: int) -> str:
        return f"+{self.points(points)}" if points > 0 else self.points(points)

    def hundredths(self, points_hundredths: int) -> str:
        """Points before rounding: "134.50"."""
        return _true_minus(format_decimal(Decimal(points_hundredths).scaleb(-2), "#,##0.00", locale=self.locale))

    def tenths(self, value_tenths: int) -> str:
        """ "24.6"."""
        return _true_minus(format_decimal(Decimal(value_tenths).scaleb(-1), "#,##0.0", locale=self.locale))

    def money(self, amount_minor: int, currency: str = "", exponent: int | None = None) -> str:
        """The platform's own number of decimals, not the locale data's, so that no cent is ever hidden."""
        decimals = self.exponent if exponent is None else exponent
        pattern = _money_pattern(self.locale, decimals)
        shown: str = pattern.apply(
            Decimal(amount_minor).scaleb(-decimals),
            self.locale,
            currency=currency or self.currency,
            currency_digits=False,
        )
        return _true_minus(_LETTERS_BESIDE_DIGITS.sub("\N{NO-BREAK SPACE}", shown))

    def money_short(self, amount_minor: int, currency: str = "", exponent: int | None = None) -> str:
        """Round amounts without their decimals: "$5"."""
        decimals = self.exponent if exponent is None else exponent
        whole, rest = divmod(amount_minor, 10**decimals)
        return self.money(amount_minor, currency, decimals) if rest else self.money(whole, currency, 0)

    def percent(self, part: int, whole: int) -> str:
        return format_percent(Decimal(part) / Decimal(whole), format="#,##0.0%", locale=self.locale)

    def local(self, at: datetime) -> datetime:
        return at.astimezone(self.zone)

    def day(self, at: datetime, now: datetime) -> str:
        """ "Nov 14"; with the year where it is not this one."""
        local = self.local(at)
        skeleton = "MMMd" if local.year == self.local(now).year else "yMMMd"
        return format_skeleton(skeleton, local, locale=self.locale)

    def full_day(self, at: datetime) -> str:
        return format_date(self.local(at).date(), "medium", locale=self.locale)

    def plain_day(self, day: date) -> str:
        return format_skeleton("MMMd", day, locale=self.locale)

    def moment(self, at: datetime) -> str:
        """Day and time to the minute."""
        return f"{self.full_day(at)}, {self.time(at)}"

    def time(self, at: datetime) -> str:
        return str(format_time(self.local(at), "short", locale=self.locale))

    def ago(self, at: datetime, now: datetime) -> str:
        return format_timedelta(min(at - now, timedelta(0)), add_direction=True, locale=self.locale)


def format_for(shop: Shop) -> Format:
    return Format(_locale(shop.locale), _zone(shop.time_zone), shop.currency, shop.exponent)


@lru_cache(maxsize=256)
def _locale(name: str) -> Locale:
    """What a platform says ("en", "pt-BR", "zh-Hant-TW"), or English where nobody knows it."""
    try:
        return Locale.parse(name.replace("-", "_"))
    except (UnknownLocaleError, ValueError, TypeError):
        return Locale("en")


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


@lru_cache(maxsize=1024)
def _money_pattern(locale: Locale, decimals: int) -> NumberPattern:
    pattern = parse_pattern(locale.currency_formats["standard"].pattern)
    pattern.frac_prec = (decimals, decimals)
    return pattern


def _true_minus(shown: str) -> str:
    return shown.replace("-", MINUS)


def instant(text: str) -> datetime:
    """An instant of a reason's parameters, which are ISO 8601 and aware."""
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
