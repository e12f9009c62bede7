"""What a browser would post of a page's forms if nobody typed anything."""

from __future__ import annotations

from html.parser import HTMLParser


class _Fields(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        name = said.get("name", "")
        if tag == "input" and name:
            is_box = said.get("type") in ("checkbox", "radio")
            if "checked" in said or not (is_box or said.get("type") in ("submit", "file")):
                self.found[name] = said.get("value", "on" if is_box else "")
        elif tag == "textarea" and name:
            self.found[name] = ""
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and ("selected" in said or self._select not in self.found):
            self.found[self._select] = said.get("value", "")


def fields_of(page: str) -> dict[str, str]:
    """By name; of several with one name the last."""
    reader = _Fields()
    reader.feed(page)
    return reader.found
