"""What a merchant can set on the ways to earn, kind by kind. A new kind is an entry in RULES."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from loyalty.dashboard.program_shapes import (
    DAYS,
    LARGEST_POINTS,
    PERIODS,
    POINTS,
    Choices,
    Field,
    Group,
    Kind,
    Text,
    group,
)
from loyalty.engine.facts import ACTIVITIES

NAME = Field("name", _("Name"), "text", hint=_("Members read it in their statement."), longest=100)
GIVES = Field("points", _("Points"), least=1, most=LARGEST_POINTS, wanted=True)
MAY_GIVE = Field("points", _("Points"), most=LARGEST_POINTS)
GIFTS = Field("rewards", _("Gifts"), "picks", of="rewards", hint=_("Handed out as a code, without points."))
CAPS = Field(
    "caps",
    _("At most"),
    "rows",
    hint=_("Counts what was given; a refund makes no room again. Leave a row empty to take it out."),
    columns=(
        Field("points", _("Points"), empty=True, most=LARGEST_POINTS),
        Field("times", _("Times"), empty=True, most=LARGEST_POINTS),
        Field("per", _("in each"), "choice", choices=PERIODS, default="day"),
    ),
)

GOODS = Group(
    _("Which goods"),
    (
        Field("scope.products", _("Only these products"), "names", catalogue="products", hint=_("Product or variant ids, one a line.")),
        Field("scope.collections", _("Only these collections"), "names", catalogue="collections", hint=_("Collection or category ids, one a line.")),
        Field("scope.tags", _("Only with one of these tags"), "names", hint=_("One a line.")),
        Field("scope.vendors", _("Only of these brands"), "names", hint=_("One a line.")),
        Field("scope.without_products", _("Not these products"), "names", catalogue="products", hint=_("Product ids, one a line.")),
        Field("scope.without_collections", _("Not these collections"), "names", catalogue="collections", hint=_("One a line.")),
        Field("scope.without_tags", _("Not with these tags"), "names", hint=_("One a line.")),
        Field("scope.without_vendors", _("Not of these brands"), "names", hint=_("One a line.")),
        Field("scope.without_on_sale", _("Not what is on sale"), "flag"),
        Field("scope.without_extras", _("Not shipping, tax and fees, even where the program counts them"), "flag"),
    ),
)  # fmt: skip
WHEN = (
    Field("scope.first_day", _("From"), "day", hint=_("The first day, in the shop’s time zone."), empty=True),
    Field("scope.last_day", _("To"), "day", hint=_("The last day, included."), empty=True),
    Field("scope.weekdays", _("On"), "weekdays"),
    Field("scope.draw_percent", _("Drawn by lot"), unit="%", most=100, hint=_("So many of 100 orders, as a surprise. 0 means every order.")),
)  # fmt: skip
WHOSE = (
    Field("scope.tiers", _("Only these tiers"), "picks", of="tiers"),
    Field("scope.segments", _("Only these segments"), "picks", of="segments"),
    Field("scope.plans", _("Only these plans"), "picks", of="plans"),
)
ORDERS = Group(
    _("Which orders and members"),
    (
        *WHOSE,
        Field("scope.minimum_order_minor", _("Orders from"), "money", hint=_("What counts of the whole order.")),
        Field("scope.minimum_spend_minor", _("Goods from"), "money", hint=_("What counts of the goods above.")),
        Field("scope.minimum_items", _("Items from"), most=10**6),
        Field("scope.first_order", _("Only a member’s first order"), "flag"),
        Field("scope.channels", _("Only from these sales channels"), "names", hint=_("Such as online or pos, one a line.")),
        Field("scope.payment_methods", _("Only paid by"), "names", hint=_("Names of payment methods, one a line.")),
        Field("scope.currencies", _("Only in these currencies"), "names", hint=_("Such as EUR, one a line.")),
        Field("scope.codes", _("Only with one of these discount codes"), "names", hint=_("One a line.")),
        *WHEN,
    ),
)  # fmt: skip
LIMITS = Group(_("Limits"), (CAPS,))
TURN = Group(
    _("Which rule goes first"),
    (
        Field("priority", _("Priority"), least=-1_000_000, most=1_000_000, hint=_("The higher goes first where the policy says that rules take turns.")),
        Field("exclusive", _("No other rule after it for the same goods"), "flag"),
    ),
)  # fmt: skip
WIDE = (GOODS, ORDERS, LIMITS, TURN)
DONE = Group(_("Who and when"), (*WHOSE, *WHEN[:3]))
"""What can be asked of something that is no order."""

ACTIVITY_NAMES: dict[str, Text] = {
    "sign_up": _("Opening an account"),
    "birthday": _("A birthday, told by another system"),
    "newsletter": _("Subscribing to the newsletter"),
    "review": _("A review"),
    "social_follow": _("Following the shop"),
    "social_share": _("Sharing the shop"),
    "profile_completed": _("Completing the profile"),
    "referral_completed": _("A referral, told by another system"),
    "event_attended": _("Coming to an event"),
    "app_installed": _("Installing the app"),
    "visit": _("A visit"),
    "custom": _("A code of your own"),
}
ACTIVITY_CHOICES: Choices = tuple((name, ACTIVITY_NAMES.get(name, name)) for name in ACTIVITIES)

RULES: dict[str, Kind] = {
    "per_amount": Kind(
        _("Points for spending"),
        _("So many points for every amount spent."),
        (
            group(
                GIVES,
                Field("per_minor", _("For every"), "money", least=1, wanted=True),
                Field("full_steps_only", _("Only for full steps"), "flag", hint=_("Nothing for a part of the amount.")),
                NAME,
            ),
            *WIDE,
        ),
        "bag",
        {"points": 1, "per_minor": "1"},
    ),
    "per_order": Kind(_("Points for an order"), _("The same for every order, however large."), (group(GIVES, NAME), *WIDE), "bag"),
    "per_item": Kind(_("Points for an item"), _("For every unit of the goods you name."), (group(GIVES, NAME), *WIDE), "tag"),
    "cashback": Kind(
        _("Cashback"),
        _("A percentage of what was spent, in points of a fixed worth."),
        (
            group(
                Field("percent", _("Percentage"), "decimal", unit="%", wanted=True),
                Field("point_value_minor", _("What a point is worth"), "money", least=1, wanted=True),
                NAME,
            ),
            *WIDE,
        ),
        "equals",
        {"percent": "5"},
    ),
    "multiplier": Kind(
        _("More points"),
        _("Points by amount count double, or by another factor."),
        (
            group(
                Field("times", _("Times"), "decimal", hint=_("2 means double, 1.5 half as much again."), wanted=True),
                Field("fixed_too", _("Points fixed per order and item too"), "flag"),
                NAME,
            ),
            GOODS,
            ORDERS,
            LIMITS,
            TURN,
        ),
        "up",
        {"times": "2"},
    ),
    "exclude": Kind(_("Earns nothing"), _("These goods earn nothing with any rule after it."), (group(NAME), GOODS, ORDERS, TURN), "minus"),
    "milestone": Kind(
        _("Points with the Nth order"),
        _("Once each, with rising value if you like."),
        (
            group(
                Field(
                    "steps",
                    _("Steps"),
                    "rows",
                    columns=(
                        Field("orders", _("With order number"), least=1, most=1_000_000, wanted=True),
                        MAY_GIVE,
                        GIFTS,
                    ),
                    hint=_("Leave a row empty to take it out."),
                ),
                NAME,
            ),
            GOODS,
            ORDERS,
            LIMITS,
        ),
        "flag",
        {"steps": [{"orders": 3, "points": 100}]},
    ),
    "streak": Kind(
        _("Points for a streak"),
        _("Orders in several weeks or months in a row."),
        (
            group(
                GIVES,
                Field("length", _("In a row"), least=2, most=100, wanted=True),
                Field("period", _("Counted in"), "choice", choices=(("week", _("weeks")), ("month", _("months"))), default="month"),
                Field("repeats", _("Again with every further streak"), "flag"),
                NAME,
            ),
            GOODS,
            ORDERS,
            LIMITS,
        ),
        "calendar",
        {"length": 3, "period": "month"},
    ),
    "goal": Kind(
        _("Points for a sum reached"),
        _("When a member’s spending reaches an amount."),
        (
            group(
                GIVES,
                Field("amount_minor", _("When this is spent"), "money", least=1, wanted=True),
                Field(
                    "period",
                    _("Within"),
                    "choice",
                    choices=(("month", _("a calendar month")), ("year", _("a calendar year")), ("lifetime", _("all time"))),
                    default="lifetime",
                ),
                Field("repeats", _("Again with every further one"), "flag"),
                NAME,
            ),
            GOODS,
            ORDERS,
            LIMITS,
        ),
        "flag",
    ),
    "activity": Kind(
        _("Points for doing something"),
        _("Joining, a review, a visit, the newsletter, a code of your own."),
        (
            group(
                Field("activity", _("For"), "choice", choices=ACTIVITY_CHOICES, wanted=True, default="sign_up"),
                MAY_GIVE,
                GIFTS,
                Field("code", _("Only with this code"), "text", hint=_("For one event or campaign of your own. Empty means any."), longest=64),
                NAME,
            ),
            DONE,
            LIMITS,
        ),
        "star",
    ),
    "birthday": Kind(
        _("A birthday"),
        _("Points or a gift, once a year."),
        (
            group(
                MAY_GIVE,
                Field("known_days", _("Known before"), unit=DAYS, most=366, hint=_("Nobody gains by changing the date."), default=30),
                GIFTS,
                NAME,
            ),
            DONE,
        ),
        "cake",
    ),
    "win_back": Kind(
        _("Coming back"),
        _("For members whose last order is some time ago, once for each absence."),
        (
            group(
                Field("days", _("Days since the last order"), least=1, most=3660, wanted=True, default=90),
                MAY_GIVE,
                GIFTS,
                NAME,
            ),
            DONE,
        ),
        "refresh",
        {"days": 90},
    ),
    "referral": Kind(
        _("Bringing a friend"),
        _("Points for both sides, once the friend has bought."),
        (
            group(
                Field("referrer_points", _("For who brings a friend"), unit=POINTS, most=LARGEST_POINTS),
                Field("friend_points", _("For the friend"), unit=POINTS, most=LARGEST_POINTS),
                Field("referrer_rewards", _("Gifts for who brings a friend"), "picks", of="rewards"),
                Field("friend_rewards", _("Gifts for the friend"), "picks", of="rewards"),
                NAME,
            ),
            DONE,
            LIMITS,
        ),
        "users",
    ),
}  # fmt: skip
