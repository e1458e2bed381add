"""The built documentation, as its readers meet it: links, weight, and in Chromium accessibility and requests.

Run: make check-docs. Every page is opened once and looked at in three forms: light, dark and as wide as a
phone. What is wrong is printed, and ends it with exit code 1. Without Chromium, or without axe-core from npm,
what needs them is left out, which a line says.
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import re
import sys
import threading
from contextlib import contextmanager
from functools import cache, partial
from html.parser import HTMLParser
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urljoin, urlsplit

from support.browsers import CHROMIUM, FLAGS, RUN_AXE, fetch_axe
from support.paths import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.async_api import Page

ELSEWHERE = ("lite/",)  # published beside the site, by `make lite`
MAX_PAGE_BYTES = 500_000  # as it is sent, packed, without its pictures
# Colour scheme, width, and which of axe's rules are tried.
FORMS = {"light": ("light", 1280, "all"), "dark": ("dark", 1280, "colour"), "phone": ("light", 390, "others")}
TABS = 2  # as many as there are cores
PATIENCE_MS = 300_000  # a busy machine is no fault of a page
PICTURE_TYPES = {".png", ".jpeg", ".jpg", ".webp", ".gif", ".svg"}
THEME = "scheme => (document.documentElement.dataset.theme ?? scheme) === scheme"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add("--site", type=Path, default=ROOT / "docs" / "_build" / "html", metavar="FOLDER", help="the pages")
    add("--only", metavar="REGEX", default="", help="open only pages whose path matches")
    add("--every-rule", action="store_true", help="try each of axe's rules in each form")
    add("--pictures", type=Path, metavar="FOLDER", help="write a screenshot of each form here")
    asked = parser.parse_args()
    pages = sorted(path for path in asked.site.rglob("*.html") if "_static" not in path.parts)
    if not pages:
        sys.exit(f"There is no page in {asked.site}: make docs")
    problems = find_broken_links(asked.site, pages)
    tell(problems)
    if CHROMIUM is None:
        print("No Chromium: the pages are not opened.")
    else:
        problems += open_in_chromium(asked, pages)
    print(f"{len(pages)} pages, {len(problems)} problems.")
    return bool(problems)


def tell(problems: list[str]) -> None:
    """Say what is wrong as soon as it is known: all pages take a while."""
    for problem in problems:
        print(problem, file=sys.stderr, flush=True)


class Names(HTMLParser):
    """The links of a page, and the places in it that a link can name."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.places: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.places |= {value for name in ("id", "name") if (value := found.get(name))}
        if tag != "link" or found.get("rel") == "stylesheet":
            self.links |= {value for name in ("href", "src") if (value := found.get(name))}


def find_broken_links(site: Path, pages: list[Path]) -> list[str]:
    """Every link within the site that leads to no file, or to no place in it."""
    names = {path: Names(path.read_text(encoding="utf-8")) for path in pages}
    problems = []
    for path, found in names.items():
        name = path.relative_to(site).as_posix()
        for link in sorted(found.links):
            target = urlsplit(link)
            there = unquote(urljoin(name, target.path)) if target.path else name
            if target.scheme or target.netloc or there.startswith(ELSEWHERE):
                continue
            known = names.get(site / there)
            if not (site / there).is_file():
                problems.append(f"{name}: {link} leads to no file")
            elif target.fragment and known and unquote(target.fragment) not in known.places:
                problems.append(f"{name}: {link} names no place of that page")
    return problems


def open_in_chromium(asked: argparse.Namespace, pages: list[Path]) -> list[str]:
    """Open the pages that are asked for, and return what is wrong with them."""
    if asked.pictures:
        asked.pictures.mkdir(parents=True, exist_ok=True)
    names = [path.relative_to(asked.site).as_posix() for path in pages]
    axe = fetch_axe()
    if axe is None:
        print("axe-core could not be fetched from npm: accessibility is not checked.")
    with serve(asked.site) as url:
        chosen = [name for name in names if re.search(asked.only, name)]
        return asyncio.run(open_pages(chosen, url, axe, asked))


@contextmanager
def serve(site: Path) -> Iterator[str]:
    """The site on a free port of loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_words: object) -> None:
        pass


async def open_pages(names: list[str], url: str, axe: str | None, asked: argparse.Namespace) -> list[str]:
    """Open every page in Chromium, a few at a time, and return what is wrong with them."""
    from playwright.async_api import async_playwright

    problems: list[str] = []
    left = names[::-1]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))

        async def work() -> None:
            context = await browser.new_context(reduced_motion="reduce")
            context.set_default_timeout(PATIENCE_MS)
            if axe:
                await context.add_init_script(axe)
            tab = await context.new_page()
            while left:
                found = await look_at(tab, left.pop(), url, has_axe=bool(axe), asked=asked)
                tell(found)
                problems.extend(found)

        await asyncio.gather(*(work() for _ in range(TABS)))
        await browser.close()
    return problems


async def look_at(tab: Page, name: str, url: str, *, has_axe: bool, asked: argparse.Namespace) -> list[str]:
    """Open one page and return what is wrong with it."""
    sent: list[str] = []
    problems: list[str] = []
    listeners = {
        "request": lambda request: sent.append(request.url),
        "pageerror": lambda error: problems.append(f"{name}: an error in a script: {error}"),
    }
    for event, listener in listeners.items():
        tab.on(event, listener)
    await set_form(tab, "light")
    await tab.goto(url + name, wait_until="load")
    for form, (scheme, width, rules) in FORMS.items():
        await set_form(tab, form)
        if form == "phone":  # the theme lets blocks that scroll take the focus while it loads
            await tab.reload(wait_until="load")
        await tab.wait_for_function(THEME, arg=scheme)
        if asked.pictures:
            await tab.screenshot(path=asked.pictures / f"{name.replace('/', '-')[:-5]}-{form}.png")
        scrolled = await tab.evaluate("() => document.documentElement.scrollWidth")
        if scrolled > width:
            problems.append(f"{name} ({form}): {scrolled - width} pixels wider than the window")
        if has_axe:
            found = await tab.evaluate(RUN_AXE, ["all" if asked.every_rule else rules, []])
            problems += [f"{name} ({form}): axe {violation}" for violation in found]
    for event, listener in listeners.items():
        tab.remove_listener(event, listener)
    foreign = [address for address in sent if not address.startswith((url, "data:", "blob:"))]
    problems += [f"{name}: a request to another host: {address}" for address in foreign]
    own = {unquote(urlsplit(address).path).lstrip("/") for address in sent if address.startswith(url)}
    if (weight := sum(count_packed_bytes(asked.site / path) for path in own)) > MAX_PAGE_BYTES:
        problems.append(f"{name}: {weight} bytes beside its pictures")
    return problems


async def set_form(tab: Page, form: str) -> None:
    scheme, width, _ = FORMS[form]
    await tab.set_viewport_size({"width": width, "height": 900})
    await tab.emulate_media(color_scheme=scheme)


@cache
def count_packed_bytes(file: Path) -> int:
    """How many bytes a file of the site is sent as; 0 for pictures."""
    if not file.is_file() or file.suffix in PICTURE_TYPES:
        return 0
    return len(gzip.compress(file.read_bytes(), 6))


if __name__ == "__main__":
    sys.exit(main())
