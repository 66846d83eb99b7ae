"""`ledes profitability`: hours, fees, effective rates, write-downs and budgets of phases, tasks, people and matters."""

import argparse

from ledes_engine.cli import ACCEPT
from ledes_engine.cli.files import spare


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Set up the arguments of `ledes profitability`."""
    parser.add_argument(
        "paths", nargs="+", metavar="FILE", help="LEDES files, or CSV, Excel or JSON files of time entries"
    )
    parser.add_argument(
        "--map", required=True, metavar="FIRM", help="a TOML file with the firm's phases, rates and budgets"
    )
    parser.add_argument("--by", choices=("phase", "task", "timekeeper", "matter"), help="only this table")
    parser.add_argument(
        "--format", choices=("text", "csv", "html"), default="text", help="how to report (default: text)"
    )
    parser.add_argument("--output", "-o", metavar="FILE", help="write the report to a file")
    parser.add_argument("--guidelines", "-g", metavar="FILE", help="guidelines with [coding.columns]")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Read, add up, tell."""
    from ledes_engine.checking import read_file
    from ledes_engine.entries import read_entries
    from ledes_engine.guidelines import load_guidelines
    from ledes_engine.practice.firm import read_firm
    from ledes_engine.practice.profitability import GROUPS, profitability
    from ledes_engine.report.profitability import render
    from ledes_engine.resources import write_whole

    spare([options.output], [*options.paths, options.map])
    firm = read_firm(options.map)
    columns = load_guidelines(options.guidelines).settings.coding.columns if options.guidelines else {}
    entries = [entry for path in options.paths for entry in read_entries(read_file(path), path, columns).entries]
    told = render(profitability(entries, firm), firm, options.format, (options.by,) if options.by else GROUPS)
    if options.output:
        write_whole(options.output, told.encode("utf-8", "backslashreplace"))
        print(f"{options.output} written")
    else:
        print(told, end="")
    return ACCEPT
