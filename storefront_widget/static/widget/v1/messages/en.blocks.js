// {n} is a number that chooses between the forms; all else is put in as it is.
export default {
  "product.points": { one: "Earns {n} point", other: "Earns {n} points" },
  "page.have": { one: "You have {n} point.", other: "You have {n} points." },
  "page.guest": "Collect points at {shop} and spend them on your next order.",
  "page.open": "See my points",
  "page.join": "Join or sign in",
  "cart.apply": "Use {reward}",
  "cart.use": "Spend points",
};
