// Whether a nudge may be seen where it lies. It lies over the page, and a page has more that does: a cart that slides in, a bar
// to buy with, a question of its own. While one of those is open, or a control that doesn't scroll away would be under the nudge,
// it waits. What scrolls can be scrolled from under it.
const CONTROL = "a[href], button, input, select, textarea, summary, label, [role=button], [role=link], [tabindex]:not([tabindex='-1'])";
const MODAL = "dialog[open], [aria-modal=true]";
const ACROSS = [0.02, 0.25, 0.5, 0.75, 0.98];
const DOWN = [0.1, 0.5, 0.9];
const OPENED_MS = 1_000;

export function keepClear(nudge, widget) {
  const left = new AbortController();
  let frame;
  const look = () => {
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(() => {
      if (!nudge.isConnected) left.abort();
      else if (!nudge.contains(widget.shadowRoot.activeElement)) nudge.classList.toggle("rg-away", isInTheWay(nudge, widget));
    });
  };
  // What a press opens may have to be fetched, or slides in.
  const pressed = () => setTimeout(look, OPENED_MS);
  const options = { capture: true, passive: true, signal: left.signal };
  for (const event of ["focusin", "transitionend", "animationend", "click"]) document.addEventListener(event, look, options);
  document.addEventListener("click", pressed, options);
  addEventListener("resize", look, options);
  look();
}

function isInTheWay(nudge, widget) {
  if ([...document.querySelectorAll(MODAL)].some(isOpen)) return true;
  const { x, y, width, height } = nudge.getBoundingClientRect();
  return DOWN.some((down) =>
    ACROSS.some((across) => {
      const under = document.elementsFromPoint(x + width * across, y + height * down).find((each) => each !== widget);
      return isFixed(under?.closest(CONTROL));
    }),
  );
}

// Themes keep what is closed in the page: out of sight, transparent, or beside the screen.
function isOpen(element) {
  const { left, right, top, bottom, width } = element.getBoundingClientRect();
  const { visibility, opacity } = getComputedStyle(element);
  return width > 0 && right > 0 && bottom > 0 && left < innerWidth && top < innerHeight && visibility !== "hidden" && opacity !== "0";
}

function isFixed(element) {
  for (let each = element; each; each = each.parentElement) if (/fixed|sticky/.test(getComputedStyle(each).position)) return true;
  return false;
}
