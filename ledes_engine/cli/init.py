"""`ledes init`: a commented guidelines file to start from."""

import argparse
import os

from ledes_engine.cli import ACCEPT
from ledes_engine.model import LedesError
from ledes_engine.resources import write_whole
from ledes_engine.settings import FILE_NAME, shipped_names, shipped_path

_START = """\
# Billing guidelines of one client, or of your firm. Check them with: ledes-check --show-guidelines
# All keys: see "Guidelines" in the README. A line that starts with # does nothing.

name = "{name}"
extends = "{base}"          # shipped: {shipped}

# Which rules run. "default" is what runs without guidelines; ledes rules lists all.
# select = ["default", "D04"]
# ignore = ["R01"]
# firm_ids = ["12-3456789"]         # the ids under which the client knows the firm
# currency = "USD"
# history = "ledes-history.sqlite" # earlier invoices; ledes-check --record adds to them
# fail_on = "error"               # from which severity on an invoice is rejected: error, warning, info, never

# The invoices that these guidelines are for, where several files stand side by side.
# [match]
# client_id = ["00711"]
# client_matter_id = ["423-*"]

# How grave a rule is for this client: error, warning, info, off. For one field: "F23:INVOICE_DESCRIPTION".
# [severity]
# F16 = "error"

# What rules are set to; ledes rules ID shows a rule's parameters.
# [params.R01]
# steps = ["0.25"]

# What this client does with findings of a rule, a group or a pack: flag, reject, adjust, cut 20%.
# [remedy]
# B01 = "cut 20%"
# A = "adjust"

# Words of your own beside the shipped ones; whole words, in any case.
# [params.N11]
# phrases = ["portal", "overtime"]
# [params.A02]
# also_phrases = ["court diary"]

# [codes]
# sets = ["litigation", "activities", "expenses"]
# allowed = ["L110", "L120", "A101", "A102", "E101"]
# denied = {{ E103 = "overhead", E108 = "overhead" }}
# custom = {{ ABC100 = "the client's own code" }}

# [[timekeeper]]
# id = "22547"
# name = "Arnold, Robin"
# rates = [{{ rate = "350.00", start = 2026-01-01, end = 2026-12-31 }}]

# [[matter]]
# id = "423-987"
# opened = 2025-11-03
# code_sets = ["litigation"]
# budget = "50000"
# phases = {{ L300 = "20000" }}
# staff = ["22547"]
# approved = ["summary judgment"]

# [[dispute]]                       # what the client rejected or disputes
# invoice = "250900"
# line = "3"
# reason = "block billing"
# raised = 2026-01-10

# [[waiver]]
# rule = "D09"
# matter = "423-987"
# reason = "late vendor invoices agreed with the client on 3 February"
# until = 2026-06-30
"""


def _profile(name: str) -> str:
    """What a shipped profile sets, as remarks to start from; nothing for the standard."""
    if name == "standard":
        return ""
    with open(shipped_path(name), encoding="utf-8") as file:
        lines = [line for line in file.read().splitlines() if not line.startswith("name =")]
    told = "\n".join("#:" if not line else f"#: {line}" for line in lines)
    return f"\n# What {name} sets already (remarks; to set something otherwise, write it above):\n#:\n{told}\n"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Set up the arguments of `ledes init`."""
    parser.add_argument("--profile", "--hub", default="standard", metavar="NAME", help="shipped guidelines to extend")
    parser.add_argument("--name", default="my-client", help="what to call the guidelines in reports")
    parser.add_argument(
        "--output", "-o", default=FILE_NAME, metavar="FILE", help=f"where to write (default: {FILE_NAME})"
    )
    parser.add_argument("--force", action="store_true", help="overwrite the file if there is one")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the file, unless there is one already."""
    known = ["standard", *shipped_names()]
    if options.profile not in known:
        raise LedesError(f"there are no guidelines {options.profile!r}; shipped: {', '.join(known)}")
    if os.path.exists(options.output) and not options.force:
        raise LedesError(f"{options.output}: the file is there already; --force overwrites it")
    name = options.name.replace("\\", "\\\\").replace('"', '\\"')
    start = _START.format(name=name, base=options.profile, shipped=", ".join(known)) + _profile(options.profile)
    write_whole(options.output, start.encode())
    print(f"{options.output} written. Now take the # from the lines that you need, and run: ledes-check INVOICE")
    return ACCEPT
