"""What a merchant can set on rewards, kind by kind. A new kind is an entry in REWARDS."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from loyalty.dashboard.program_shapes import DAYS, LARGEST_POINTS, POINTS, Field, Group, Kind, group

COST = Field("points", _("Costs"), unit=POINTS, most=LARGEST_POINTS, wanted=True)
VALUE = Field("value_minor", _("Worth"), "money", least=1, wanted=True)
TITLE = Field("name", _("Name"), "text", hint=_("Shoppers read it."), wanted=True, longest=100)
DESCRIPTION = Field("description", _("Description"), "text", hint=_("One sentence for shoppers."), longest=500)
ORDERS_FROM = Field("minimum_order_minor", _("For orders from"), "money", hint=_("0 means any order."))
VALID = Field("valid_days", _("An unused code works for"), unit=DAYS, least=1, most=3660, default=30)
WHO_MAY = Group(
    _("Who may have it"),
    (
        Field("tiers", _("Only these tiers"), "picks", of="tiers"),
        Field("segments", _("Only these segments"), "picks", of="segments"),
        Field("plans", _("Only these plans"), "picks", of="plans"),
    ),
)
HOW_OFTEN = Group(
    _("How often"),
    (
        Field("limit_per_member", _("Times per member"), empty=True, most=10**6, hint=_("Empty means as often as points last.")),
        Field(
            "limit_period",
            _("Counted in each"),
            "choice",
            choices=(("lifetime", _("lifetime")), ("year", _("calendar year")), ("month", _("calendar month"))),
            default="lifetime",
        ),
        Field("limit_total", _("Times in all"), empty=True, most=10**9),
        Field("stock", _("In stock"), empty=True, most=10**9, hint=_("Ends the reward when so many are out.")),
    ),
)  # fmt: skip
WHAT_FOR = Group(
    _("Which goods"),
    (
        Field("products", _("Only these products"), "names", catalogue="products", hint=_("Product ids, one a line.")),
        Field(
            "collections",
            _("Only these collections"),
            "names",
            catalogue="collections",
            hint=_("Collection or category ids, one a line."),
        ),
    ),
)
CODE = Group(
    _("The code"),
    (
        VALID,
        Field("combines", _("Works together with other discounts"), "flag"),
        Field("cancellable", _("A member may give an unused code back"), "flag", default=True),
    ),
)
HOW_OFTEN_AT_MOST = Group(HOW_OFTEN.title, HOW_OFTEN.fields[:-1])
COSTS_YOU = Field("value_minor", _("What it costs you"), "money", hint=_("For the cost of the program."))
GIVES_BACK = Field(
    "cancellable",
    _("A member may give it back for the points"),
    "flag",
    default=True,
    hint=_("Not what was opened, or what your server does."),
)
TAG = Field(
    "tag",
    _("Customer tag"),
    "text",
    hint=_("Shopify: your theme or market opens what it keeps for customers with it."),
    longest=40,
)
LINK = Field("link", _("Link"), "text", hint=_("An https address that only those with access are shown."), longest=500)
SERVER = Field(
    "webhook_url",
    _("Your server"),
    "text",
    hint=_("An https address that is asked to do it; empty where staff do it."),
    longest=500,
)
STAYS_OPEN = Field("valid_days", _("Stays open for"), unit=DAYS, least=1, most=3660, default=30)
TO_BE_DONE = Field("valid_days", _("To be done within"), unit=DAYS, least=1, most=3660, default=30)
HOW_TO_USE = Field(
    "description",
    _("How the code is used"),
    "text",
    hint=_("The member reads it beside the code."),
    wanted=True,
    longest=500,
)
MONEY_GROUPS = (WHO_MAY, HOW_OFTEN)
CODE_GROUPS = (WHO_MAY, HOW_OFTEN, WHAT_FOR, CODE)

REWARDS: dict[str, Kind] = {
    "amount_off": Kind(
        _("An amount off"),
        _("A fixed amount off an order."),
        (group(TITLE, COST, VALUE, ORDERS_FROM, DESCRIPTION), *CODE_GROUPS),
        "tag",
    ),
    "percent_off": Kind(
        _("A percentage off"),
        _("A part off an order, whatever it costs."),
        (
            group(
                TITLE,
                COST,
                Field("percent", _("Percentage"), unit="%", least=1, most=100, wanted=True),
                ORDERS_FROM,
                DESCRIPTION,
            ),
            *CODE_GROUPS,
        ),
        "tag",
    ),
    "free_shipping": Kind(
        _("Free shipping"),
        _("The cheapest way, or as your store has it."),
        (group(TITLE, COST, ORDERS_FROM, DESCRIPTION), WHO_MAY, HOW_OFTEN, CODE),
        "truck",
    ),
    "free_product": Kind(
        _("A free product"),
        _("One of the products you name."),
        (
            group(
                TITLE,
                COST,
                Field(
                    "products",
                    _("Products"),
                    "names",
                    catalogue="products",
                    hint=_("Product ids, one a line; one of them is free."),
                ),
                Field("value_minor", _("What it sells for"), "money", hint=_("For the cost of the program.")),
                ORDERS_FROM,
                DESCRIPTION,
            ),
            WHO_MAY,
            HOW_OFTEN,
            CODE,
        ),
        "gift",
    ),
    "gift_card": Kind(
        _("A gift card"),
        _("Money on a card of the store; it does not expire with us."),
        (group(TITLE, COST, VALUE, DESCRIPTION), *MONEY_GROUPS),
        "ticket",
    ),
    "store_credit": Kind(
        _("Store credit"),
        _("Money in the customer’s account."),
        (group(TITLE, COST, VALUE, DESCRIPTION), *MONEY_GROUPS),
        "ticket",
    ),
    "points_slider": Kind(
        _("Points at the cart"),
        _("Members pay a part of an order with as many points as they like."),
        (
            group(
                TITLE,
                Field("points", _("A step of"), unit=POINTS, least=1, most=LARGEST_POINTS, wanted=True),
                Field("value_minor", _("Takes off"), "money", least=1, wanted=True),
                Field("minimum_points", _("At least"), unit=POINTS, most=LARGEST_POINTS),
                Field("maximum_percent", _("At most this part of an order"), unit="%", least=1, most=100, default=100),
                ORDERS_FROM,
                DESCRIPTION,
            ),
            *CODE_GROUPS,
        ),
        "sliders",
        {"points": 100},
    ),
    "cashback": Kind(
        _("Cashback paid out"),
        _("Points are paid out as money, when a member asks or by themselves once a month."),
        (
            group(
                TITLE,
                Field("points", _("Every"), unit=POINTS, least=1, most=LARGEST_POINTS, wanted=True),
                Field("value_minor", _("Are worth"), "money", least=1, wanted=True),
                Field("minimum_points", _("At least"), unit=POINTS, most=LARGEST_POINTS),
                Field(
                    "pays",
                    _("Paid as"),
                    "choice",
                    choices=(("store_credit", _("store credit")), ("gift_card", _("a gift card"))),
                    default="store_credit",
                ),
                Field(
                    "payout_day",
                    _("By itself on this day of the month"),
                    most=28,
                    hint=_("0 means whenever a member asks."),
                ),
                DESCRIPTION,
            ),
            *MONEY_GROUPS,
        ),
        "equals",
        {"points": 100},
    ),
    "access": Kind(
        _("Early or exclusive access"),
        _("Opens what your store shows to customers with a tag, or with a link."),
        (group(TITLE, COST, TAG, LINK, STAYS_OPEN, DESCRIPTION, GIVES_BACK), *MONEY_GROUPS),
        "lock",
        {"cancellable": False},
    ),
    "custom": Kind(
        _("Something of your own"),
        _("An experience, an event, a donation: given by people, or by your own server."),
        (group(TITLE, COST, COSTS_YOU, SERVER, DESCRIPTION, TO_BE_DONE, GIVES_BACK), *MONEY_GROUPS),
        "cup",
    ),
    "partner": Kind(
        _("A partner’s code"),
        _("Hands out codes of another business, from a list that you bring."),
        (group(TITLE, COST, COSTS_YOU, HOW_TO_USE), WHO_MAY, HOW_OFTEN_AT_MOST),
        "ticket",
        {"cancellable": False},
    ),
}
