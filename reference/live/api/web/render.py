"""Templates, and the headers of every page."""

from functools import cache
from http import HTTPStatus
from importlib.resources import files

import jinja2
from litestar import MediaType, Response
from markupsafe import Markup

from gnomon.reference.live.api.web.viewer import viewer_values
from gnomon.reference.schedule.clock import MILLISECOND, read_instant, write_instant

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; "
    "img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
"""A page loads nothing from elsewhere, runs no script but ours, and is shown in no frame."""


def page(template: str, status: int = HTTPStatus.OK, /, **values: object) -> Response[str]:
    """A page made of a template and its values, which are escaped."""
    text = _templates().get_template(template).render(viewer_values() | values)
    return Response(text, status_code=status, media_type=MediaType.HTML, headers=HEADERS)


@cache
def _templates() -> jinja2.Environment:
    loader = jinja2.PackageLoader(__package__ or "")
    found = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    found.filters["when"] = when
    return found


def static_folder() -> str:
    """The folder of the styles and the script."""
    return str(files(__package__ or "") / "static")


def when(instant: str | int | None) -> str:
    """An instant (RFC 3339 or µs, UTC) as an element; a dash for none.

    The script writes it in the zone of the person who looks. Milliseconds are enough for people.

    >>> print(when("2026-01-31T12:00:00.250123Z"))
    <time datetime="2026-01-31T12:00:00.25Z">2026-01-31 12:00:00.25</time>
    """
    if instant is None:
        return "–"
    at = instant if isinstance(instant, int) else read_instant(instant)
    written = write_instant(at // MILLISECOND * MILLISECOND)
    shown = written.replace("T", " ").removesuffix("Z")
    return Markup('<time datetime="{}">{}</time>').format(written, shown)
