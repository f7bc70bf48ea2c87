"""The page in a real browser: it asks for nothing, complains of nothing, fits a phone, and everybody can read it."""

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright", reason="Playwright is not installed: it comes with the extra `dev`")
from playwright.sync_api import Browser, Page, sync_playwright

DESKTOP, PHONE, NARROW = 1280, 360, 320
CHARTS = {
    *("peers", "pareto-file", "pareto-multiplications", "pareto-latency-median", "pareto-peak-memory", "pareto-RAM"),
    *("split", "confusion-float", "confusion-int8", "confusion-difference", "reliability", "conditions", "coverage"),
    *("speakers", "latency-test-net", "latency-test-small", "memory-timeline", "instructions", "front-ends"),
    *("layer-multiplications", "layer-bytes"),
}


@pytest.fixture(scope="module")
def browser(chromium: Path) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, path: Path, width: int = DESKTOP, **options: Any) -> Iterator[Page]:
    """The page of a file. At its end it asked for that file alone, and nothing went wrong."""
    context = browser.new_context(viewport={"width": width, "height": 900}, **options)
    asked: list[str] = []
    wrong: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.on("console", lambda message: wrong.append(message.text))
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("dialog", lambda dialog: wrong.append(f"dialog: {dialog.message}"))
    page.goto(path.as_uri())
    yield page
    assert {url.split("#")[0] for url in asked if not url.startswith(("data:", "blob:"))} == {path.as_uri()}
    assert not wrong
    context.close()


def draw_all(page: Page) -> None:
    """Come near every chart, and wait until it is drawn."""
    for chart in page.locator("[data-chart]").all():
        chart.scroll_into_view_if_needed()
    page.wait_for_function("!document.querySelector('[data-chart]:not(:has(svg)), [data-chart]:not(.vega-embed)')")


def overflow(page: Page) -> int:
    return page.evaluate("document.documentElement.scrollWidth - innerWidth")


@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_every_chart_is_drawn_within_the_page(browser: Browser, report: Path, width: int):
    with opened(browser, report, width) as page:
        draw_all(page)
        names = page.locator("[data-chart]").evaluate_all("(charts) => charts.map((chart) => chart.dataset.chart)")
        assert set(names) == CHARTS and len(names) == len(CHARTS)
        for name in names:
            chart = page.locator(f'[data-chart="{name}"]')
            drawn = chart.locator("svg")
            assert drawn.count() == 1, name
            assert drawn.locator(".role-mark path, .role-mark line, .role-mark text").count() >= 2, name
            around, inside = chart.bounding_box(), drawn.bounding_box()
            assert around and inside and inside["height"] > 60, name
            assert inside["x"] + inside["width"] <= width, f"{name} is cut"
        assert overflow(page) <= 0, "it scrolls sideways"
        page.set_viewport_size({"width": NARROW, "height": 900})
        assert overflow(page) <= 0, f"it scrolls sideways at {NARROW}"


@pytest.mark.parametrize(("scheme", "width"), [("light", DESKTOP), ("dark", PHONE)])
def test_it_is_accessible(browser: Browser, report: Path, node_modules: Path, scheme: str, width: int):
    axe = (node_modules / "axe-core" / "axe.min.js").read_text()
    with opened(browser, report, width, color_scheme=scheme, reduced_motion="reduce") as page:
        draw_all(page)
        page.locator("details").evaluate_all("(all) => all.forEach((one) => (one.open = true))")
        page.evaluate(axe)
        found = page.evaluate("() => axe.run(document)")["violations"]
        bad = [(v["id"], v["impact"], v["nodes"][0]["html"][:200]) for v in found if v["impact"] != "minor"]
        assert not bad, f"{scheme}: {bad}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_charts_take_the_colours_of_the_page(browser: Browser, report: Path, scheme: str):
    with opened(browser, report, color_scheme=scheme) as page:
        draw_all(page)
        ink = page.evaluate("getComputedStyle(document.body).color")
        fills = page.locator(".role-axis-label text, .role-legend-label text").evaluate_all(
            "(texts) => [...new Set(texts.map((text) => getComputedStyle(text).fill))]"
        )
        assert fills == [ink]
        strokes = page.locator("[data-chart] svg :is(path, line)").evaluate_all(
            "(marks) => marks.flatMap((mark) => [mark.getAttribute('fill'), mark.getAttribute('stroke')])"
        )
        assert {colour for colour in strokes if colour and colour not in ("none", "transparent")} <= {
            *(f"var(--c{number})" for number in range(1, 9)),
            *(f"var(--{name})" for name in ("ink", "quiet", "grid", "paper", "shade", "shade2")),
        }


def test_without_scripts_charts_and_tables_are_there(browser: Browser, report: Path):
    with opened(browser, report, PHONE, java_script_enabled=False) as page:
        for name in CHARTS:
            box = page.locator(f'[data-chart="{name}"] svg').bounding_box()
            assert box and box["height"] > 60 and box["x"] + box["width"] <= PHONE, name
        assert not page.locator("[data-save]").first.is_visible()
        assert page.locator("#take tbody tr").count() == 6


def test_a_chart_tells_its_figures_under_the_pointer(browser: Browser, report: Path):
    with opened(browser, report) as page:
        draw_all(page)
        page.locator('[data-chart="front-ends"] .role-mark.layer_1_marks path').last.hover()
        hint = page.locator("#vg-tooltip-element.visible")
        hint.wait_for()
        told = hint.inner_text()
        assert '<script>alert("peer")</script> | <b>SVM</b> & co' in told and "30" in told and "45" in told


def test_a_result_is_saved_as_it_was_measured(browser: Browser, report: Path):
    with opened(browser, report) as page:
        with page.expect_download() as download:
            page.locator('#latency a[data-result="latency"]').first.click()
        saved = Path(download.value.path())
        assert download.value.suggested_filename == "latency.json"
        assert json.loads(saved.read_text()) == json.loads((report.parent / "results" / "latency.json").read_text())


def test_a_chart_is_saved_with_colours_of_its_own(browser: Browser, report: Path):
    with opened(browser, report) as page:
        draw_all(page)
        with page.expect_download() as download:
            page.locator('[data-save="coverage"]').click()
        saved = Path(download.value.path()).read_text()
        assert saved.startswith("<svg") and "var(" not in saved and "#2a6fb0" in saved


def test_it_prints_with_every_table_and_no_buttons(browser: Browser, report: Path):
    with opened(browser, report) as page:
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
        page.emulate_media(media="print")
        assert page.locator("table:visible").count() == page.locator("table").count()
        assert page.locator("nav:visible, button:visible").count() == 0


def test_headings_are_in_order_and_the_contents_lead_to_each_part(browser: Browser, report: Path):
    with opened(browser, report) as page:
        levels = page.locator("h1, h2, h3").evaluate_all("(all) => all.map((one) => Number(one.tagName[1]))")
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
        targets = page.locator("nav a").evaluate_all("(all) => all.map((one) => one.getAttribute('href'))")
        assert len(targets) == page.locator("main > section").count()
        assert all(page.locator(f"section{target}").count() == 1 for target in targets)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.getAttribute('href')") == "#main"
