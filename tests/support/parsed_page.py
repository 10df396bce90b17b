"""A page as a browser's parser reads it, and text that would act in it where it is not escaped."""

from __future__ import annotations

from html.parser import HTMLParser

ATTACK = (
    "\"'><script>x()</script><img src=http://e.example/ onerror=x()>{{7*7}}{% raw %}|"
    " [a](javascript:x) www.e.example \ud800\x00"
)


class Page(HTMLParser):
    """Counts the elements of a page, and keeps what could run or fetch."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text: list[str] = []
        self.live: list[tuple[str, str | None]] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        """What its links inside the page lead to."""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.live += [
            (name, value)
            for name, value in attrs
            if name.startswith("on") or (name in {"src", "href"} and not (value or "").startswith("#"))
        ]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.targets += [(value or "")[1:] for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.text.append(data)
