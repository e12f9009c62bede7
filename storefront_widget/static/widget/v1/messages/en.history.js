// {n} is a number that chooses between the forms; all else is put in as it is.
export default {
  "history.none": "Nothing here yet. Your first order will be.",
  "sign.out": "Sign out",
  "history.earned.order": "Order {number}",
  "history.reversed.refund": "Refund, order {number}",
  "history.reversed.cancel": "Order {number} cancelled",
  "history.redeemed": "{reward}",
  "history.returned": "{reward}, points returned",
  "history.expired.lot": "Points expired",
  "history.adjusted": "From the store",
};
