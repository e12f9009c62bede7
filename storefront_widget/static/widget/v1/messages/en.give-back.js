// {n} is a number that chooses between the forms; all else is put in as it is.
export default {
  "give.title": "Give this code back?",
  "give.text": { one: "It stops working, and your {n} point returns.", other: "It stops working, and your {n} points return." },
  "give.keep": "Keep it",
  "give.done": { one: "{n} point is back.", other: "{n} points are back." },
};
