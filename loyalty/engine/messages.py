"""The English sentences of all explanations, by message id. `{points|point|points}` chooses by number."""

from __future__ import annotations

MESSAGES = {
    # movements
    "earned.order": "Order {number}: {points|point|points}",
    "pending.order": "Order {number}: {points|point|points}, pending until {until_at}",
    "reversed.refund": "Order {number}, {refunded_minor} refunded: {points|point|points} taken back",
    "reversed.cancel": "Order {number} cancelled: {points|point|points} taken back",
    "redeemed": "{reward}: {points|point|points} spent",
    "returned.refund": "Order {number} refunded: {points|point|points} spent on {reward} returned",
    "returned.cancel": "Order {number} cancelled: {points|point|points} spent on {reward} returned",
    "returned.failed": "{reward} could not be made: {points|point|points} returned",
    "returned.cancelled": "{reward} cancelled: {points|point|points} returned",
    "returned.expired": "{reward} was not used in time: {points|point|points} returned",
    "returned.": "{reward} given back: {points|point|points} returned",
    "expired.lot": "{points|point|points} from {opened_at} expired",
    "adjusted": "By {actor}: {points|point|points}. {why}",
    "imported": "{points|point|points} brought from {from}",
    # what an order's points are made of
    "order.counts": "Counts for points: {amount_minor}",
    "order.line": "{title} × {quantity}: {amount_minor}",
    "order.discount": "Discount {codes}: -{amount_minor}",
    "order.earned": "Points before rounding: {points_hundredths}",
    "order.left_out": "Left out",
    "order.version": "Judged by version {version}, in force when the order was placed ({placed_at})",
    "order.moment.paid": "Points are given when an order is paid ({moment_at})",
    "order.moment.fulfilled": "Points are given when an order is fulfilled ({moment_at})",
    "order.moment.placed": "Points are given when an order is placed ({moment_at})",
    "order.hold": "The points become available on {until_at}, {days|day|days} later",
    "order.refunded_before": "{amount_minor} was refunded before the points were given: {points|point|points} less",
    "rule.per_amount": "{points|point|points} for every {per_minor}: {points_hundredths}",
    "rounding.floor": "Rounded down, once: {points_hundredths}",
    "rounding.half_up": "Rounded to the nearest point, once: {points_hundredths}",
    "rounding.ceil": "Rounded up, once: {points_hundredths}",
    # left out
    "left_out.gift_card": "{title}: a gift card earns when it is spent, {amount_minor}",
    "left_out.shipping": "Shipping, {amount_minor}",
    "left_out.tax": "Tax, {amount_minor}",
    # nothing
    "nothing.waiting.paid": "Order {number} is not paid yet",
    "nothing.waiting.fulfilled": "Order {number} is not fulfilled yet",
    "nothing.cancelled": "Order {number} was cancelled before its points were given",
    "nothing.refunded": "Order {number} was refunded before its points were given",
    "nothing.no_program": "Order {number} was placed before the program began",
    "nothing.imported": "Order {number} was placed before points were imported; its points are in the import",
    "nothing.test": "Order {number} is a test order",
    "nothing.currency": "Order {number} is in {currency} and came without a rate to {shop_currency}",
    "nothing.no_rules": "The program has no rule that gives points for orders",
    "nothing.too_small": "Order {number}: what counts ({amount_minor}) is too little for a point",
    "nothing.forgiven": "{points|point|points} should have been taken back; nothing was there, so it was forgiven",
}
