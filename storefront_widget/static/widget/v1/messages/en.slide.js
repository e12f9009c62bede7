// {n} is a number that chooses between the forms; all else is put in as it is.
export default {
  "slide.title": "How many points?",
  "slide.part": "Points can pay up to {percent} of an order.",
  "slide.label": "Points to use",
  "slide.worth": { one: "{n} point is {money} off", other: "{n} points are {money} off" },
  "slide.go": "Go on",
  "slide.not": "Not now",
};
