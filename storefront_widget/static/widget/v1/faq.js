// Questions with their answers, and the terms: written by the server from the program as it stands today.
import { h } from "./panel.js?v=__VERSION__";

export function add(panel) {
  panel.views.faq = terms;
}

async function ask(panel) {
  try {
    panel.terms = await panel.api.send("terms");
  } catch (error) {
    panel.error = error;
  }
  if (panel.view === "faq") panel.render();
}

function terms(panel, w) {
  const found = panel.terms;
  if (!found && !panel.error) ask(panel);
  const retry = () => panel.go("faq");
  return {
    title: w.t("more.faq"),
    back: "home",
    body: found
      ? [
          h("ul.rg-list", {}, found.questions.map((each, index) => question(panel, each, index))),
          found.terms.map((each) => h("section", {}, h("h3", {}, each.title), each.sentences.map((line) => h("p.rg-small", {}, line)))),
          found.own && h("section", {}, h("h3", {}, w.t("faq.own", { shop: panel.config.shop.name })), found.own.split("\n").filter(Boolean).map((line) => h("p.rg-small", {}, line))),
        ]
      : panel.error
        ? h("div", { role: "alert" }, panel.note(panel.icons.ALERT, w.problem(panel.error), w.t("retry"), retry))
        : h("div.rg-busy", { role: "status", "aria-label": w.t("faq.wait") }, h("span.rg-wait")),
  };
}

function question(panel, { question: text, answer }, index) {
  const open = panel.line === index;
  const onclick = () => {
    panel.line = open ? undefined : index;
    panel.render();
  };
  return h("li", {}, h("button.rg-row", { id: `rg-question-${index}`, "aria-expanded": `${open}`, onclick }, h("span", {}, text)), open && h("p.rg-small.rg-answer", {}, answer));
}
