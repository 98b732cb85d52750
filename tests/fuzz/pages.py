"""What in a page could do something."""

from __future__ import annotations

from html.parser import HTMLParser


class _Tags(HTMLParser):
    """Everything in a page that could run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.scripts = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "link" and given == {"rel": "icon", "href": "data:,"}:  # which keeps browsers from asking for one
            return
        self.scripts += tag == "script" and given.get("type") not in ("application/json", "text/plain")
        if tag in ("iframe", "object", "embed", "base", "link", "form"):
            self.found.append(f"a tag {tag}")
        if any(key.startswith("on") for key in given):
            self.found.append(f"a handler in {tag}")
        for key in ("src", "href", "data", "action"):
            if (value := given.get(key)) and not value.startswith(("data:image/", "data:video/", "#", "blob:")):
                self.found.append(f"{tag} fetches {value[:60]}")


def harmful(page: str) -> list[str]:
    """What in a page could run or fetch something."""
    tags = _Tags()
    tags.feed(page)
    if tags.scripts != 1:
        tags.found.append(f"{tags.scripts} scripts")
    if any(ord(each) < 32 and each not in "\n\t\r" for each in page):
        tags.found.append("control characters in a page")
    return [f"the page has {each}" for each in dict.fromkeys(tags.found)]
