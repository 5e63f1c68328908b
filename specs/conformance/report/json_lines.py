"""A report as JSON lines: a header, a line for each adapter and each result, and an end.

The one idea: the end holds the number of lines and their digest, so that a truncated report is
recognised.
"""

import hashlib
from collections.abc import Sequence

import msgspec

from gnomon.specs.conformance.report.model import FORMAT, AdapterReport, Setting


def json_lines(setting: Setting, reports: Sequence[AdapterReport]) -> bytes:
    """The report as JSON lines."""
    header = {"format": FORMAT, **msgspec.to_builtins(setting)}
    lines = [msgspec.json.encode(header)]
    for report in reports:
        about = {
            "kind": "adapter",
            "adapter": report.adapter,
            "introduction": report.introduction,
            "profile": report.profile,
            "noise": report.noise,
            "fault": report.fault,
            "installed": report.is_installed,
        }
        lines.append(msgspec.json.encode(about))
        for level, found in report.levels.items():
            kind = {"kind": "result", "adapter": report.adapter, "level": level}
            lines += [
                msgspec.json.encode(kind | msgspec.to_builtins(result)) for result in found.results
            ]
    body = b"".join(line + b"\n" for line in lines)
    end = {"kind": "end", "lines": len(lines), "sha256": hashlib.sha256(body).hexdigest()}
    return body + msgspec.json.encode(end) + b"\n"
