"""Pictures of the pages of a running server, to look at: ``python -m tests.browser.pictures``.

    python -m tests.browser.pictures http://127.0.0.1:17010 /tmp/pictures --dark

Each page is taken as wide as a desktop and as a phone. README's picture is the page of a job.
"""

import argparse
from pathlib import Path

import httpx

from tests.browser.browsing import browsing

WIDTHS = {"desktop": 1280, "phone": 390}


def paths(url: str) -> dict[str, str]:
    """The path of each page by a name for its picture; of jobs the first one that is listed."""
    jobs = httpx.get(f"{url}/jobs", params={"limit": 100}).raise_for_status().json()["jobs"]
    of_jobs = {
        f"job-{job['name'].replace(' ', '-')}": f"/admin/jobs/{job['id']}" for job in jobs[:5]
    }
    first = next(iter(of_jobs.values()), None)
    forms = {
        f"new-{kind}": f"/admin/new/{kind}" for kind in ("one_time", "interval_based", "cron_style")
    }
    changes = {"edit": f"{first}/edit", "delete": f"{first}/delete"} if first else {}
    messages = {state: f"/admin/messages?state={state}" for state in ("waiting", "held", "dead")}
    pages = {"jobs": "/admin/jobs", "runs": "/admin/runs", "cluster": "/admin/cluster"}
    return pages | of_jobs | forms | changes | messages | {"not-found": "/admin/jobs/none"}


def take(url: str, folder: Path, scheme: str) -> None:
    """Write the pictures into a folder, and their names to standard output."""
    folder.mkdir(parents=True, exist_ok=True)
    with browsing() as browser:
        for device, width in WIDTHS.items():
            viewport = {"width": width, "height": 900}
            context = browser.new_context(
                base_url=url, viewport=viewport, color_scheme=scheme, timezone_id="Europe/Warsaw"
            )
            page = context.new_page()
            for name, path in paths(url).items():
                page.goto(path)
                page.wait_for_timeout(500)  # the preview of a form, and what is live
                file = folder / f"{name}-{device}.png"
                page.screenshot(path=file, full_page=True)
                print(file)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url", help="URL of a server")
    parser.add_argument("folder", type=Path, help="folder of the pictures")
    parser.add_argument("--dark", action="store_true", help="the dark scheme  [default: light]")
    given = parser.parse_args()
    take(given.url, given.folder, "dark" if given.dark else "light")
