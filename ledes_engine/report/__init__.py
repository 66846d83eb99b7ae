"""Reports put into words and formats: one pure function a format, and none of them decides anything."""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import NamedTuple

from ledes_engine.results import Report

# Where the function of each format is; a format is loaded when it is asked for.
_HOME = {
    "text": "text",
    "concise": "concise",
    "json": "data",
    "jsonl": "data",
    "csv": "data",
    "sarif": "sarif",
    "junit": "junit",
    "github": "concise",
    "html": "html",
}
FORMATS = tuple(_HOME)


class Options(NamedTuple):
    """How a report is to look; a format takes from it what it can use."""

    color: bool = False
    statistics: bool = False
    max_findings: int = 0  # 0: all
    verbose: bool = False


def render(reports: Report | Sequence[Report], format: str = "text", options: Options | None = None) -> str:
    """One report, or those of several files, in a format of `FORMATS`; raises ValueError for another one."""
    if format not in _HOME:
        raise ValueError(f"there is no format {format!r}; there are {', '.join(FORMATS)}")
    several = [reports] if isinstance(reports, Report) else list(reports)
    function: Callable[[list[Report], Options], str]
    function = getattr(import_module(f"ledes_engine.report.{_HOME[format]}"), format if format != "json" else "json_")
    return function(several, options or Options())
