"""What a merchant can set once for the whole program: policies, what never earns, who takes part."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from loyalty.dashboard.program_shapes import DAYS, Field, Group, Kind, group

EXCLUSIONS = Kind(
    _("What never earns"),
    _("With any rule, in any campaign."),
    (
        group(
            Field("on_sale", _("What is on sale"), "flag"),
            Field("gift_cards", _("Gift cards when they are bought"), "flag", default=True),
            Field("test_orders", _("Test orders"), "flag", default=True),
            Field("products", _("These products"), "names", catalogue="products", hint=_("Product or variant ids, one a line.")),
            Field("collections", _("These collections"), "names", catalogue="collections", hint=_("One a line.")),
            Field("tags", _("With one of these tags"), "names", hint=_("One a line.")),
            Field("segments", _("Members of these segments"), "names", of="segments", hint=_("Such as staff or resellers, one a line.")),
        ),
    ),
    "minus",
)  # fmt: skip


POLICIES = Kind(
    _("Policies"),
    _("What systems disagree about. Each has a sentence that says what it does."),
    (
        Group(
            _("When are points given?"),
            (
                Field("moment", _("When an order is"), "choice", choices=(("paid", _("paid")), ("fulfilled", _("fulfilled")), ("placed", _("placed"))), default="paid"),
                Field("hold_days", _("Can be spent after"), unit=DAYS, most=3660, hint=_("Until then they are pending: a return in this time costs nobody a debt.")),
                Field("enrolment", _("Members join"), "choice", choices=(("automatic", _("with their first order")), ("on_request", _("when they ask to"))), default="automatic"),
                Field("guest_orders", _("Orders of guests"), "choice", choices=(("wait", _("wait for an account with the same e-mail")), ("nothing", _("earn nothing"))), default="wait"),
            ),
            folded=False,
        ),
        Group(
            _("What counts?"),
            (
                Field("basis", _("Prices"), "choice", choices=(("after_discounts", _("after discounts")), ("before_discounts", _("before discounts"))), default="after_discounts"),
                Field("count_tax", _("Tax counts"), "flag"),
                Field("count_shipping", _("Shipping counts"), "flag"),
                Field("count_fees", _("Fees count"), "flag"),
                Field("count_gift_card_part", _("What is paid by gift card counts"), "flag", default=True),
                Field("count_store_credit_part", _("What is paid with store credit counts"), "flag", default=True),
                Field("order_discount", _("A discount on the whole order"), "choice", choices=(("allocated", _("falls on its goods in proportion")), ("not_allocated", _("leaves rules for single goods as they are"))), default="allocated"),
                Field("paid_with_points", _("An order paid in part with points earns"), "choice", choices=(("rest", _("on the rest")), ("nothing", _("nothing")), ("full", _("in full"))), default="rest"),
            ),
            folded=False,
        ),
        Group(
            _("How is it added up?"),
            (
                Field("rounding", _("Parts of a point"), "choice", choices=(("floor", _("are rounded down")), ("half_up", _("are rounded to the nearest")), ("ceil", _("are rounded up"))), default="floor"),
                Field("rounding_per", _("Rounded"), "choice", choices=(("order", _("once for the order")), ("line", _("line by line"))), default="order"),
                Field("stacking", _("When several rules apply"), "choice", choices=(("sum", _("they add up")), ("highest", _("the one that gives most wins")), ("priority", _("they take turns by priority"))), default="sum"),
                Field("multipliers", _("When several factors apply"), "choice", choices=(("add", _("double and double is triple")), ("compound", _("double and double is four times"))), default="add"),
            ),
            folded=False,
        ),
        Group(
            _("What do refunds and unused codes do?"),
            (
                Field("spent_points", _("Points spent on a refunded order"), "choice", choices=(("pro_rata", _("return in proportion")), ("full_refund_only", _("return with the whole order")), ("none", _("stay spent"))), default="pro_rata"),
                Field("expired_codes", _("Points of a code that was not used in time"), "choice", choices=(("return", _("return")), ("stay_spent", _("stay spent"))), default="return"),
                Field("negative", _("A balance may"), "choice", choices=(("allowed", _("fall below zero; the next points pay for it")), ("clamped", _("not fall below zero; what is missing is forgiven"))), default="allowed"),
            ),
            folded=False,
        ),
        Group(
            _("Do points expire?"),
            (
                Field("expiry", _("Points expire"), "choice", choices=(("never", _("never")), ("lot", _("some time after they were given")), ("inactivity", _("all at once when nothing happened for some time"))), default="never"),
                Field("expiry_months", _("After so many months"), unit=_("months"), most=120),
                Field("expiry_days", _("Or after so many days"), unit=DAYS, most=3660),
            ),
            folded=False,
        ),
        Group(
            _("How do tiers work?"),
            (
                Field("tier_measure", _("Tiers count"), "choice", choices=(("spend", _("what was spent")), ("points", _("points earned")), ("orders", _("orders"))), default="spend"),
                Field("tier_period", _("Over"), "choice", choices=(("rolling", _("a number of days back")), ("calendar_year", _("the calendar year")), ("calendar_month", _("the calendar month")), ("lifetime", _("all time"))), default="rolling"),
                Field("tier_period_days", _("Days back"), unit=DAYS, least=1, most=3660, default=365),
                Field("tier_kept", _("A tier is kept"), "choice", choices=(("while_qualified", _("while it is reached")), ("a_year", _("for a year")), ("this_year_and_next", _("this calendar year and the next"))), default="while_qualified"),
                Field("tier_grace_days", _("And after falling below it"), unit=DAYS, most=3660),
                Field("tier_current_order", _("The order that lifts a member earns by the new tier"), "choice", choices=(("no", _("no")), ("yes", _("yes"))), default="no"),
            ),
            folded=False,
        ),
    ),
    "sliders",
)  # fmt: skip
AUDIENCE = Kind(
    _("Who takes part"),
    _("Everyone, or a pilot first; and a few who are held out, so that the program’s effect can be measured."),
    (
        group(
            Field("kind", _("The program is for"), "choice", choices=(("everyone", _("everyone")), ("pilot", _("a pilot: whoever is named below"))), default="everyone"),
            Field("segments", _("Members of these segments"), "names", of="segments", hint=_("Segments of the program or of your other systems, one a line.")),
            Field("customers", _("These customers"), "names", hint=_("Customer ids or e-mails, one a line, up to 10,000. An e-mail must belong to a customer we know.")),
            Field("percent", _("And of all customers"), unit="%", most=100, hint=_("Drawn by a stable lot: raise it later and nobody falls out.")),
        ),
        Group(
            _("Held out"),
            (
                Field("holdout_percent", _("Held out"), unit="%", most=100, hint=_("They earn nothing and see no points. What they buy, beside what the others buy, is what the program really does. 5 to 10 % is enough for most shops.")),
                Field("salt", _("Draw anew with the word"), "text", hint=_("Another word draws other people. Leave it alone while a test runs."), longest=64),
            ),
            folded=False,
        ),
    ),
    "users",
)  # fmt: skip
