"""A browser of the plainest kind:

cookies, links, forms, no scripts. The demonstration goes through pages with it as a person would.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import httpx

PHONE = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36"
)


@dataclass(slots=True)
class Form:
    """A form of a page: where it goes, what it holds, and its buttons by their words."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str, str]] = field(default_factory=list)


class _Reader(HTMLParser):
    """Finds forms, links and text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.forms: list[Form] = []
        self.links: list[tuple[str, str]] = []
        self.texts: list[str] = []
        self._form: Form | None = None
        self._hears: list[str] | None = None
        self._button: dict[str, str | None] | None = None
        self._link: str | None = None
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in {"script", "style"}:
            self._silent += 1
        elif tag == "form":
            self._form = Form(given.get("action") or "", (given.get("method") or "get").lower())
            self.forms.append(self._form)
        elif tag == "input" and self._form is not None:
            self._take_input(given)
        elif tag == "button":
            self._button, self._hears = given, []
        elif tag == "a" and given.get("href"):
            self._link, self._hears = given["href"], []

    def handle_endtag(self, tag: str) -> None:
        if tag in {"script", "style"}:
            self._silent -= 1
        elif tag == "form":
            self._form = None
        elif tag == "button" and self._button is not None:
            if self._form is not None:
                name, value = self._button.get("name") or "", self._button.get("value") or ""
                self._form.buttons.append((" ".join(self._hears or []), name, value))
            self._button = self._hears = None
        elif tag == "a" and self._link is not None:
            self.links.append((" ".join(self._hears or []), self._link))
            self._link = self._hears = None

    def handle_data(self, data: str) -> None:
        text = " ".join(data.split())
        if not text or self._silent:
            return
        self.texts.append(text)
        if self._hears is not None:
            self._hears.append(text)

    def _take_input(self, given: dict[str, str | None]) -> None:
        assert self._form is not None, "an input is read inside a form"
        name, kind = given.get("name"), given.get("type") or "text"
        if name and (kind not in {"radio", "checkbox"} or "checked" in given):
            self._form.fields[name] = given.get("value") or ""


@dataclass(frozen=True, slots=True)
class Page:
    """A page that was opened."""

    url: str
    status: int
    forms: list[Form]
    links: list[tuple[str, str]]
    texts: list[str]

    @property
    def text(self) -> str:
        """All that can be read on it."""
        return " ".join(self.texts)

    def form_with(self, **needed: str) -> Form:
        """The first form with a field, or a button, of each given name (and value, where it is not empty)."""
        for form in self.forms:
            known = {**form.fields, **{name: value for _, name, value in form.buttons if name}}
            if all(
                name in known and (not value or (name, value) in self._pairs(form)) for name, value in needed.items()
            ):
                return form
        message = f"{self.status} {self.url} has no form with {needed}: {self.text[:300]}"
        raise LookupError(message)

    def link_to(self, part: str) -> str:
        """The first link whose address contains a part."""
        for _, address in self.links:
            if part in address:
                return urljoin(self.url, address)
        message = f"{self.status} {self.url} has no link to {part}: {self.text[:300]}"
        raise LookupError(message)

    @staticmethod
    def _pairs(form: Form) -> set[tuple[str, str]]:
        return {*form.fields.items(), *((name, value) for _, name, value in form.buttons)}


class Browser:
    """One person's browser: remembers cookies, sends a Referer's origin as ours asks for, follows redirects."""

    def __init__(self) -> None:
        self._http = httpx.Client(
            trust_env=False,
            timeout=30,
            headers={"User-Agent": PHONE, "Accept-Language": "zh-CN"},
            follow_redirects=True,
        )
        self._at = ""

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def open(self, url: str) -> Page:
        """Open an address, as following a link does."""
        return self._read(self._http.get(url, headers=self._referer()))

    def send(self, page: Page, form: Form, **typed: str) -> Page:
        """Send a form of a page with what was typed, ticked or pressed."""
        url = urljoin(page.url, form.action or page.url)
        return self._read(self._http.post(url, data={**form.fields, **typed}, headers=self._referer()))

    def download(self, url: str) -> tuple[int, bytes]:
        """A file's status and bytes."""
        answer = self._http.get(url, headers=self._referer())
        return answer.status_code, answer.content

    def _referer(self) -> dict[str, str]:
        """The origin only, as `Referrer-Policy: strict-origin` has it; forms name their origin too."""
        if not self._at:
            return {}
        parts = urlsplit(self._at)
        return {"Referer": f"{parts.scheme}://{parts.netloc}/", "Origin": f"{parts.scheme}://{parts.netloc}"}

    def _read(self, answer: httpx.Response) -> Page:
        self._at = str(answer.url)
        reader = _Reader()
        reader.feed(answer.text)
        return Page(str(answer.url), answer.status_code, reader.forms, reader.links, reader.texts)
