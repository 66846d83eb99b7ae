"""ledes_engine: a rules-first compliance engine for legal e-billing. See `check`.

The names below are loaded when they are first used, because start-up time is what a command line user feels.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from ledes_engine.checking import check
    from ledes_engine.coding.entry import Entry
    from ledes_engine.coding.suggestion import Suggestion
    from ledes_engine.conversion import Conversion, Loss, convert
    from ledes_engine.fixes import Change, Fixed, fix
    from ledes_engine.formats import read
    from ledes_engine.formats.write import WriteError, build, write
    from ledes_engine.guidelines import Guidelines, load_guidelines
    from ledes_engine.model import Document, LedesError, Outcome, Table
    from ledes_engine.report import render
    from ledes_engine.results import Finding, Report
    from ledes_engine.suggesting import suggest, suggest_stream
    from ledes_engine.views import Invoice, Line

_HOME = {
    "check": "checking",
    "Entry": "coding.entry",
    "Suggestion": "coding.suggestion",
    "Conversion": "conversion",
    "Loss": "conversion",
    "convert": "conversion",
    "Change": "fixes",
    "Fixed": "fixes",
    "fix": "fixes",
    "read": "formats",
    "WriteError": "formats.write",
    "build": "formats.write",
    "write": "formats.write",
    "Guidelines": "guidelines",
    "load_guidelines": "guidelines",
    "Document": "model",
    "LedesError": "model",
    "Outcome": "model",
    "Table": "model",
    "render": "report",
    "Finding": "results",
    "Report": "results",
    "suggest": "suggesting",
    "suggest_stream": "suggesting",
    "Invoice": "views",
    "Line": "views",
}

__all__ = [
    "Change",
    "Conversion",
    "Document",
    "Entry",
    "Finding",
    "Fixed",
    "Guidelines",
    "Invoice",
    "LedesError",
    "Line",
    "Loss",
    "Outcome",
    "Report",
    "Suggestion",
    "Table",
    "WriteError",
    "__version__",
    "build",
    "check",
    "convert",
    "fix",
    "load_guidelines",
    "read",
    "render",
    "suggest",
    "suggest_stream",
    "write",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
