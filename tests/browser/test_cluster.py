"""A real cluster of two servers, watched in the browser: runs, a pause, and a new leader."""

from collections.abc import Iterator
from contextlib import ExitStack
from subprocess import Popen
from typing import NamedTuple

import pytest

from tests.browser.browsing import Browser, Locator, Page, eventually, expect, watched
from tests.support.servers import free_port, on_a_socket, wait_until
from tests.support.serving import PATIENCE_S, ask, is_up, said, serving

EVIL = "<img src=x onerror=alert(1)><script>alert(2)</script>"
LEASE = "3s"
PAST = {"Start_date": "2026-01-01T00:00:00Z"}


class Cluster(NamedTuple):
    """Two servers: by name the process, and the port of its API."""

    processes: dict[str, Popen[bytes]]
    ports: dict[str, int]

    def base(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"


@pytest.fixture(scope="module")
def cluster(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two servers on one store."""
    folder = tmp_path_factory.mktemp("cluster")
    ports = {name: free_port() for name in ("north", "south")}
    with ExitStack() as stack:
        store = stack.enter_context(on_a_socket(folder / "store"))
        processes = {}
        for name, port in ports.items():
            own = folder / name
            own.mkdir()
            words = ["--redis", store.url, "--name", name, "--http", f"127.0.0.1:{port}"]
            processes[name] = stack.enter_context(serving(own, *words, "--lease", LEASE))
        for name, port in ports.items():
            wait_until(lambda port=port: is_up(port), PATIENCE_S)  # type: ignore[misc]
            assert "joins the cluster" in said(folder / name)
        yield Cluster(processes, ports)


@pytest.fixture
def page(browser: Browser, cluster: Cluster) -> Iterator[Page]:
    """A page of the server `south`."""
    base = cluster.base("south")
    with watched(browser, base, viewport={"width": 1280, "height": 900}) as page:
        yield page


def make(page: Page, job_type: str, **fields: str) -> None:
    """Make a job with the form; its page follows."""
    page.goto(f"/admin/new/{job_type}")
    for label, text in fields.items():
        page.get_by_label(label.replace("_", " ")).first.fill(text)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="was created")).to_be_visible()


def runs(page: Page) -> Locator:
    """The rows of the runs on the page of a job."""
    return page.get_by_role("row").filter(has=page.get_by_role("cell", name="ok", exact=True))


def test_runs_of_each_kind_of_job_arrive(page: Page) -> None:
    """ADMIN-1: the seconds of an interval job, a one-time job at once, a cron job on demand."""
    make(page, "interval_based", Name="often", Service="demo.input-logger", Seconds="1", **PAST)
    eventually(page, lambda: expect(runs(page).nth(2)).to_be_visible(timeout=1_000))
    page.get_by_role("button", name="Switch off").click()
    make(
        page,
        "one_time",
        Name="once",
        Service="demo.input-logger",
        Start_date="2026-01-01T00:00:00Z",
    )
    eventually(page, lambda: expect(runs(page).first).to_be_visible(timeout=1_000))
    make(page, "cron_style", Name="rare", Service="demo.input-logger", Cron_definition="@yearly")
    page.get_by_role("button", name="Run now").click()
    eventually(page, lambda: expect(runs(page).first).to_contain_text("on demand", timeout=1_000))


def test_an_error_of_a_run_is_shown_and_never_runs(page: Page) -> None:
    """ADMIN-2"""
    make(page, "cron_style", Name="fails", Service="demo.fail", Cron_definition="@yearly")
    page.get_by_label("Extra data for this run").fill(EVIL)
    page.get_by_role("button", name="Run now").click()
    row = page.get_by_role("row").filter(has_text="failed")
    eventually(page, lambda: expect(row.first).to_contain_text(EVIL, timeout=1_000))
    page.goto("/admin/jobs?result=failed")
    expect(page.get_by_role("row").filter(has_text="fails")).to_contain_text("failed")


def test_a_pause_stops_what_is_planned_until_it_ends(page: Page) -> None:
    """ADMIN-1, PAUSE-1"""
    page.goto("/admin/cluster")
    page.get_by_role("button", name="Pause the cluster").click()
    expect(page.get_by_role("status").filter(has_text="The cluster was paused")).to_be_visible()
    make(page, "interval_based", Name="waits", Service="demo.input-logger", Seconds="1", **PAST)
    page.wait_for_timeout(2_000)
    page.reload()
    expect(runs(page)).to_have_count(0)
    page.goto("/admin/cluster")
    page.get_by_role("button", name="Resume the cluster").click()
    page.goto("/admin/jobs")
    page.get_by_role("link", name="waits", exact=True).click()
    eventually(page, lambda: expect(runs(page).first).to_be_visible(timeout=1_000))
    page.get_by_role("button", name="Switch off").click()


def test_the_leader_is_drained_and_the_other_leads(
    page: Page, browser: Browser, cluster: Cluster
) -> None:
    """ADMIN-1, LEAD-3; last, for it ends a server."""
    leader = ask(cluster.ports["south"], "/cluster").json()["leader"]
    other = next(name for name in cluster.ports if name != leader)
    with watched(browser, cluster.base(other)) as page:
        page.goto("/admin/cluster")
        expect(page.get_by_role("row").filter(has_text=leader)).to_contain_text("leads")
        cluster.processes[leader].terminate()
        row = page.get_by_role("row").filter(has_text=other)
        eventually(page, lambda: expect(row).to_contain_text("leads", timeout=1_000))
        assert cluster.processes[leader].wait(PATIENCE_S) == 0
        gone = page.get_by_role("row").filter(has_text=leader)
        eventually(page, lambda: expect(gone).to_have_count(0, timeout=1_000))
