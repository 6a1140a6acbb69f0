"""What the public pages weigh and how soon they are of use, in tables: as Debian's Chromium without a graphics card
sees them, through nginx and the web server as `geoportal install` has them, over TLS and HTTP/2.

    scripts/measure_pages.py [--plans 3000] [--lights 10000] [--loads 3] [--seconds 5] [--write]

Beside the plans and layers of the demo there are so many outlines and so many lights, all of them in the first view of
the map, in a database that is kept in data/bench for the next run. Each load is that of a browser that has kept
nothing. A page is of use when it is read; the map when the list tells what is in view and the first plan is drawn.
While the map is moved, a step for each frame, frames are counted as the browser asks for them, and the work of its main
thread with them, which a busy machine does not change. A request to another host ends the run. `--write` puts the
tables into docs/performance-pages.md.
"""

import argparse
import os
import platform
import statistics
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psycopg
from playwright.sync_api import Browser, CDPSession, Page, sync_playwright

from geoportal import demo
from geoportal.database import owner_engine
from geoportal.database.cluster import Cluster
from geoportal.settings import CHECKOUT, Settings
from tests.acceptance.portal import CHROMIUM, DESKTOP, PHONE
from tests.benchmarks import stock
from tests.benchmarks.systems import home_in
from tests.stack import Stack

PAGE = CHECKOUT / "docs" / "performance-pages.md"
BEGIN, END = "<!-- written by make measure-pages -->", "<!-- end -->"
WHOLE = "/#10/50.83/8.78"  # zoom, and the middle of the stock
BARE = f"{WHOLE}&recht=keiner&aus={stock.LIGHTS},planzeichnung,schulen,schwimmbaeder"
SLOW = {"offline": False, "latency": 400, "downloadThroughput": 50_000, "uploadThroughput": 50_000}  # 400 kbit/s
MARKS = """
    window.seen = {paint: null, largest: null, list: null, drawn: null};
    new PerformanceObserver((found) => { for (const each of found.getEntries())
        if (each.name === "first-contentful-paint") seen.paint = each.startTime;
    }).observe({type: "paint", buffered: true});
    new PerformanceObserver((found) => { for (const each of found.getEntries()) seen.largest = each.startTime; })
        .observe({type: "largest-contentful-paint", buffered: true});
    const look = () => {
        const told = document.getElementById("in-view-count")?.textContent;
        if (/im Ausschnitt/.test(told)) seen.list ??= performance.now();
        const tiles = [...document.querySelectorAll("#karte canvas.leaflet-tile")];
        if (tiles.some(({width}) => width > 0)) seen.drawn ??= performance.now();
        if (!seen.list || !seen.drawn) requestAnimationFrame(look);
    };
    look();
"""
# The hand is moved in a circle, a step each frame, so that tiles come and go; resolves with the times between frames.
MOVES = """(seconds) => new Promise((done) => {
    const map = document.getElementById("karte");
    const {left, top, width, height} = map.getBoundingClientRect();
    const [x, y] = [left + width / 2, top + height / 2];
    const radius = Math.min(width, height) / 3;
    const tell = (type, on, angle) => on.dispatchEvent(new MouseEvent(type, {bubbles: true, button: 0, buttons: 1,
        clientX: x + radius * Math.sin(angle), clientY: y + radius * (1 - Math.cos(angle))}));
    const times = [];
    tell("mousedown", map, 0);
    const step = (now) => {
        times.push(now);
        const angle = 2 * Math.PI * (now - times[0]) / 2500;
        tell("mousemove", document, angle);
        if (now - times[0] < 1000 * seconds) return requestAnimationFrame(step);
        tell("mouseup", document, angle);
        done(times.slice(1).map((time, index) => time - times[index]));
    };
    requestAnimationFrame(step);
})"""


@dataclass
class Loaded:
    """Bytes as they came over the line, and milliseconds since the page was asked for."""

    document: int = 0
    whole: int = 0
    requests: int = 0
    times: dict[str, float] = field(default_factory=dict)


@contextmanager
def filled(folder: Path, plans: int, lights: int) -> Iterator[Settings]:
    """A database with it all, made once."""
    folder.mkdir(parents=True, exist_ok=True)
    for each in (folder, folder.parent):
        each.chmod(0o711)  # PostgreSQL is another account
    with Cluster(folder / "postgres", durable=False) as cluster:
        settings = replace(cluster.settings(Settings.from_env({})), data=folder / "data", run=folder / "run")
        settings.data.mkdir(exist_ok=True)
        if not (folder / "built").exists():
            stock.build(settings, folder / "layers", plans, lights)
        settings = replace(settings, home=home_in(folder))
        engine = owner_engine(cluster.url)
        demo.fill(engine, settings)
        engine.dispose()
        (folder / "built").touch()
        yield settings


def pages(settings: Settings) -> dict[str, str]:
    """Paths by what they are called. Of the demo's plans, the one with the most contents."""
    with psycopg.connect(settings.require_database_url()) as connection:
        found = connection.execute("""
            SELECT plan_id, ST_X(place), ST_Y(place), ags FROM (
                SELECT plan.id AS plan_id, plan.ags, ST_Transform(ST_PointOnSurface(plan.geom), 4326) AS place
                FROM ogc.bebauungsplaene AS plan JOIN ogc.planinhalte AS content ON content.plan_id = plan.id
                WHERE plan.status = 'in_kraft'
                GROUP BY plan.id, plan.ags, plan.geom ORDER BY count(*) DESC, plan.id LIMIT 1
            ) AS found""").fetchone()
        school = connection.execute("SELECT id FROM ogc.schulen ORDER BY id LIMIT 1").fetchone()
    if not found or not school:
        sys.exit("no plan, or no school: remove the folder, and try again")
    plan, lon, lat, ags = found
    return {
        "Karte": f"{WHOLE}&aus={stock.LIGHTS}",
        "Karte mit allen Leuchten": WHOLE,
        "Karte, nah": f"/#16/{lat:.5f}/{lon:.5f}",
        "Pläne": "/plaene",
        "Ein Plan": f"/plan/{plan}",
        "Was gilt hier?": f"/hier?lon={lon:.6f}&lat={lat:.6f}",
        "Was gilt hier? ohne Plan": "/hier?lon=8.9&lat=50.9",
        "Suche": "/suche?q=bahnhofstr",
        "Gemeinden": "/gemeinden/",
        "Eine Gemeinde": f"/gemeinde/{ags}/",
        "Ihre Bebauungspläne": f"/gemeinde/{ags}/bebauungsplaene/",
        "Beteiligung": "/beteiligung/",
        "Themen": "/themen/",
        "Ein Thema": "/thema/schulen/",
        "Eine Schule": f"/thema/schulen/{school[0]}",
        "Drucken": "/drucken",
        "Drucken eines Plans": f"/drucken?plan={plan}",
        "Downloads": "/downloads/",
        "Ohne Netz": "/offline/",
        "Impressum": "/impressum/",
        "Datenschutz": "/datenschutz/",
        "Barrierefreiheit": "/barrierefreiheit/",
    }


@contextmanager
def opened(browser: Browser, device: dict[str, Any] = DESKTOP) -> Iterator[tuple[Page, CDPSession]]:
    context = browser.new_context(**device, ignore_https_errors=True)
    context.add_init_script(MARKS)
    page = context.new_page()
    page.set_default_timeout(300_000)
    session = context.new_cdp_session(page)
    session.send("Performance.setTimeDomain", {"timeDomain": "threadTicks"})  # CPU time: others may work meanwhile
    for each in ("Network", "Performance"):
        session.send(f"{each}.enable")
    yield page, session
    context.close()


def load(browser: Browser, stack: Stack, path: str, *, slow: bool = False) -> Loaded:
    found = Loaded()
    with opened(browser) as (page, session):

        def asked(event: dict[str, Any]) -> None:
            url = event["request"]["url"]
            if not url.startswith((stack.url, "data:", "blob:")):
                raise SystemExit(f"{path} asks {url}")

        def came(event: dict[str, Any]) -> None:
            found.whole += int(event["encodedDataLength"])
            found.document = found.document or int(event["encodedDataLength"])
            found.requests += 1

        session.on("Network.requestWillBeSent", asked)
        session.on("Network.loadingFinished", came)
        if slow:
            session.send("Network.emulateNetworkConditions", SLOW)
            session.send("Emulation.setCPUThrottlingRate", {"rate": 4})
        page.goto(stack.url + path)
        if "/#" in path:
            page.wait_for_function("() => seen.list && seen.drawn")
        page.wait_for_load_state("networkidle")
        found.times = page.evaluate("""() => {
            const [{domContentLoadedEventEnd: read}] = performance.getEntriesByType("navigation");
            const {paint, largest, list, drawn} = seen;
            return {paint, largest, useful: list ? Math.max(list, drawn) : Math.max(read, paint)};
        }""")
    return found


def typical(loads: Sequence[Loaded]) -> Loaded:
    """Weights of the last one; times in the middle."""
    names = ("paint", "largest", "useful")
    return replace(loads[-1], times={each: statistics.median(one.times[each] or 0 for one in loads) for each in names})


def moved(browser: Browser, url: str, seconds: float, device: dict[str, Any] = DESKTOP, slower: int = 1) -> list[str]:
    """Frames a second (in the middle, and that of the slowest of a hundred), ms of work for each."""
    with opened(browser, device) as (page, session):
        page.goto(url)
        page.wait_for_function("() => seen.list")
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(1000)
        session.send("Emulation.setCPUThrottlingRate", {"rate": slower})
        before = busy(session)
        gaps: list[float] = sorted(page.evaluate(MOVES, seconds))
        spent = busy(session) - before
    slowest = gaps[min(len(gaps) - 1, int(0.99 * len(gaps)))]
    return [f"{1000 / statistics.median(gaps):.0f}", f"{1000 / slowest:.0f}", f"{1000 * spent / len(gaps):.1f}"]


def busy(session: CDPSession) -> float:
    """Seconds that the main thread has worked so far."""
    metrics = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
    return float(metrics["TaskDuration"])


def in_view(browser: Browser, url: str) -> str:
    """What the map's list says of the view in which it is moved."""
    with opened(browser) as (page, _):
        page.goto(url)
        page.wait_for_function("() => seen.list")
        page.wait_for_load_state("networkidle")
        page.locator("#theme-lists").get_by_text("Leuchten").first.wait_for()
        return " · ".join(
            [page.locator("#in-view-count").inner_text(), *page.locator("#theme-lists summary").all_inner_texts()]
        )


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join([f"| {' | '.join(head)} |", "|" + "---|" * len(head), *(f"| {' | '.join(row)} |" for row in rows)])


def measured(settings: Settings, asked: argparse.Namespace) -> Iterator[str]:
    with ExitStack() as running:
        stack = running.enter_context(Stack(settings, GEOPORTAL_REQUESTS_PER_SECOND="0"))
        playwright = running.enter_context(sync_playwright())
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        rows = []
        for name, path in pages(settings).items():
            stack.get(path.partition("#")[0])  # each page once, as somebody else did before
            once = typical([load(browser, stack, path) for _ in range(asked.loads)])
            slowly = load(browser, stack, path, slow=True)
            weights = [f"{once.document / 1000:.1f}", f"{once.whole / 1000:.0f}", str(once.requests)]
            times = [f"{once.times[each]:.0f}" for each in ("paint", "largest", "useful")]
            rows.append([name, *weights, *times, f"{slowly.times['useful'] / 1000:.1f}"])
            print(*rows[-1], sep="  ", file=sys.stderr, flush=True)
        yield table(
            ["Seite", "kB Seite", "kB mit allem", "Anfragen", "erster Inhalt, ms", "größter Inhalt, ms",
             "brauchbar, ms", "brauchbar über 3G, s"], rows,
        )  # fmt: skip
        yield f"In der Ansicht: {in_view(browser, stack.url + WHOLE)}."
        rows = [
            [name, *moved(browser, stack.url + path, asked.seconds, device, slower)]
            for name, path, device, slower in (
                ("alles", WHOLE, DESKTOP, 1),
                ("ohne Pläne und Leuchten", BARE, DESKTOP, 1),
                ("alles, Telefon, CPU 4 × langsamer", WHOLE, PHONE, 4),
            )
        ]
        yield table(
            ["Karte beim Verschieben", "Bilder je Sekunde (Median)", "langsamstes von 100", "ms Arbeit je Bild"], rows
        )
        browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plans", type=int, default=3000)
    parser.add_argument("--lights", type=int, default=10_000)
    parser.add_argument("--loads", type=int, default=3, help="of each page, without a brake")
    parser.add_argument("--seconds", type=float, default=5, help="for which the map is moved")
    parser.add_argument(
        "--folder", type=Path, default=CHECKOUT / "data" / "bench" / "pages", help="kept for the next run"
    )
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    load_before = os.getloadavg()[0]
    with filled(asked.folder, asked.plans, asked.lights) as settings:
        told = []
        for part in measured(settings, asked):
            print(part, end="\n\n", flush=True)
            told.append(part)
    if asked.write:
        when = (
            f"{datetime.now(UTC):%Y-%m-%d}: {asked.plans} Umrisse, {asked.lights} Leuchten; jede Seite"
            f" {asked.loads}-mal; Python {platform.python_version()}, {platform.machine()};"
            f" Last der Maschine am Anfang {load_before:.1f}."
        )
        text = PAGE.read_text("utf-8")
        PAGE.write_text("\n\n".join([text.split(BEGIN)[0] + BEGIN, when, *told, END + text.split(END)[1]]), "utf-8")


if __name__ == "__main__":
    main()
