"""The elements of an SVG picture, and the classes and colours that they share."""

from html import escape

from gnomon.specs.render.strings import printable
from gnomon.specs.render.timeline.axis import Axis
from gnomon.specs.render.timeline.incidents import Incident

LABEL_LETTERS = 15
"""The most letters of the label of a row."""
JOB_COLOURS = (
    "#4e79a7", "#59a14f", "#b07aa1", "#76b7b2", "#9c755f", "#86a33b", "#6b6ecf", "#8c8c8c",
)  # fmt: skip
"""The colours of runs, by the number of the job; more jobs share them."""
SERVER_COLOURS = ("#c6dbef", "#d9efc6", "#e6d5ee", "#fde7c2", "#cdeeea", "#ecdccf")
STYLE = """
text{font:12px system-ui,sans-serif;fill:#222}.t{font-size:16px;font-weight:600}.e{text-anchor:end}
.m{text-anchor:middle}.d{fill:#555}.n{font-size:10px;font-weight:600;fill:#fff;text-anchor:middle}
.g{stroke:#ddd}.p{fill:#f4f5f7}.f{fill:#d62728;fill-opacity:.13}.w{stroke:#e08214;stroke-width:1.4}
.wa{fill:#e08214;fill-opacity:.75}.ba{fill:#4e79a7;fill-opacity:.6}
.cap{stroke:#222;stroke-dasharray:3 3}
.du{stroke:#333;stroke-width:1.2}.co{stroke:#e08214;stroke-width:2.4}
.sk{stroke:#c51b7d;stroke-width:2.4}
.no{stroke:#d62728;stroke-width:2.4}.x{stroke:#d62728;stroke-width:1.6;fill:none}.v{stroke:#d62728}
.vf{fill:#d62728}.k{fill:#444}.bad{fill:#d62728}path,line{fill:none}
""".replace("\n", "")
"""The classes of the marks, on one line."""
DUE_CLASSES = {"published": "du", "coalesced": "co", "skipped": "sk", "none": "no"}
DUE_WORDS = {
    "published": "due, and published",
    "coalesced": "coalesced into a later one",
    "skipped": "skipped",
    "none": "not published",
}
OUTCOME_WORDS = {
    "ok": "finished",
    "failed": "failed",
    "running": "still running at the end",
    "cut off": "cut off: its server left",
}
"""The classes and the words of outcomes."""


def px(value: float) -> str:
    """A place to a tenth of a pixel."""
    return f"{value:.1f}".removesuffix(".0")


def text(x: float, y: float, words: str, style: str = "") -> str:
    """A line of text that begins, or is centred, at a place (px)."""
    of_class = f' class="{style}"' if style else ""
    return f'<text x="{px(x)}" y="{px(y)}"{of_class}>{escape(printable(words))}</text>'


def tooltip(words: str) -> str:
    """What a viewer shows for the element that holds it."""
    return f"<title>{escape(printable(words))}</title>"


def short(words: str) -> str:
    """`words` as the label of a row."""
    return words if len(words) <= LABEL_LETTERS else words[: LABEL_LETTERS - 1] + "…"


def rect(
    x: float,
    y: float,
    width: float,
    height: float,
    style: str = "",
    *,
    fill: str = "",
    stroke: str = "",
    title: str = "",
) -> str:
    """A rectangle (px) of a class or of colours, with a tooltip if it has a `title`."""
    given = {"class": style, "fill": fill, "stroke": stroke}
    attributes = "".join(f' {name}="{value}"' for name, value in given.items() if value)
    place = f'x="{px(x)}" y="{px(y)}" width="{px(width)}" height="{px(height)}"'
    return (
        f"<rect {place}{attributes}>{tooltip(title)}</rect>"
        if title
        else (f"<rect {place}{attributes}/>")
    )


def cross(x: float, y: float) -> str:
    """A cross at a place (px)."""
    return f'<path class="x" d="M{px(x - 3)} {px(y - 3)}l6 6m0-6l-6 6"/>'


def pin(x: float, y: float, number: int, incident: Incident) -> str:
    """The number of an incident in a disc (px)."""
    style = "vf" if incident.kind == "violation" else "k"
    disc = f'<circle class="{style}" cx="{px(x)}" cy="{px(y)}" r="8"/>'
    return disc + text(x, y + 3.5, str(number), "n")


def area(
    axis: Axis, values: list[float], highest: float, base: float, height: float, style: str
) -> str:
    """The area under a step function, whose `values` divide the axis into equal parts."""
    width = axis.width / max(len(values), 1)
    points, level = [f"M{px(axis.left)} {px(base)}"], 0.0
    for number, value in enumerate(values):
        if value != level:
            points.append(
                f"H{px(axis.left + number * width)}V{px(base - height * value / highest)}"
            )
            level = value
    points.append(f"H{px(axis.left + axis.width)}V{px(base)}z")
    return f'<path class="{style}" style="fill-rule:evenodd" d="{"".join(points)}"/>'
