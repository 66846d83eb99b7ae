"""`python -m benchmarks [NAME ...]`: every figure is a ratio of two things measured by turns in one run.

Prints a table and writes `benchmarks/results.json`. Needs the extra `dev`.
"""

import io
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.generate import invoice_file
from benchmarks.generate_xml import xml_file

_HERE = Path(__file__).resolve().parent
_CHECK = [sys.executable, "-c", "import sys; from ledes_engine.cli import check_main; sys.exit(check_main())"]


def by_turns(one: Callable[[], object], other: Callable[[], object], rounds: int) -> tuple[float, float]:
    """The median seconds of two actions, run one after the other so that both see the same machine."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds):
        for action, taken in zip((one, other), times, strict=True):
            start = time.perf_counter()
            action()
            taken.append(time.perf_counter() - start)
    return statistics.median(times[0]), statistics.median(times[1])


def process() -> Iterator[tuple[str, float, float]]:
    """Start, read, check and report a clean invoice, against an interpreter that does nothing."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "invoice.txt"
        path.write_bytes(invoice_file(500))
        script = Path(sys.executable).parent / "ledes-check"
        command = [str(script)] if script.exists() else _CHECK
        environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}

        def check() -> None:
            subprocess.run([*command, str(path)], check=True, capture_output=True, env=environment, cwd=folder)

        def bare() -> None:
            subprocess.run([sys.executable, "-I", "-c", "pass"], check=True)

        check()
        ours, theirs = by_turns(check, bare, 25)
    yield "ledes-check, clean file of 500 lines / python -I -c pass", ours / theirs, 15


def reading() -> Iterator[tuple[str, float, float]]:
    """Read a hundred thousand lines and run every default rule, against pandas reading the same bytes."""
    import pandas

    from ledes_engine import check

    data = invoice_file(100_000)
    ours, theirs = by_turns(
        lambda: check(data), lambda: pandas.read_csv(io.BytesIO(data), sep="|", dtype=str, skiprows=1), 9
    )
    yield "check, 100,000 lines / pandas.read_csv of the same bytes", ours / theirs, 3


_MEASURE = """
import resource, sys, time
from ledes_engine import check
start = time.perf_counter()
report = check(sys.argv[1])
assert report.lines == int(sys.argv[2]) and report.verdict == "accept", report.verdict
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def growth() -> Iterator[tuple[str, float, float]]:
    """Ten times the lines in at most eleven times the time, and memory in proportion to the file."""
    with tempfile.TemporaryDirectory() as folder:
        seconds: dict[int, list[float]] = {100_000: [], 1_000_000: []}
        memory = 0.0
        for lines in seconds:
            (Path(folder) / f"{lines}.txt").write_bytes(invoice_file(lines))
        for lines in [100_000, 1_000_000, 100_000] * 4:
            path = Path(folder) / f"{lines}.txt"
            command = [sys.executable, "-c", _MEASURE, str(path), str(lines)]
            taken, peak = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
            seconds[lines].append(float(taken))
            memory = float(peak) / path.stat().st_size if lines == 1_000_000 else memory
    ratio = statistics.median(seconds[1_000_000]) / statistics.median(seconds[100_000])
    yield "check, 1,000,000 lines / 100,000 lines", ratio, 11
    yield "peak memory of that process / size of the file", memory, 6


def jobs() -> Iterator[tuple[str, float, float]]:
    """Two processes against one on two hundred files."""
    with tempfile.TemporaryDirectory() as folder:
        for number in range(200):
            (Path(folder) / f"{number:03}.txt").write_bytes(invoice_file(500, seed=number))

        def run(count: int) -> Callable[[], None]:
            command = [*_CHECK, folder, "--jobs", str(count)]
            return lambda: subprocess.run(command, check=True, capture_output=True) and None

        two, one = by_turns(run(2), run(1), 5)
    yield "200 files of 500 lines, --jobs 2 / --jobs 1", two / one, 0.65


_PARSE = """
import resource, sys
from lxml import etree
tree = etree.parse(sys.argv[1])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


def markup() -> Iterator[tuple[str, float, float]]:
    """Read and check a hundred thousand line items of LEDES XML 2.2, against lxml parsing the same file."""
    from lxml import etree

    from ledes_engine import check

    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "invoice.xml")
        Path(path).write_bytes(xml_file(100_000))
        ours, theirs = by_turns(lambda: check(path), lambda: etree.parse(path), 7)
        yield "check of XML 2.2, 100,000 lines / lxml.etree.parse of the same file", ours / theirs, 4.5
        told = subprocess.run([sys.executable, "-c", _MEASURE, path, "100000"], check=True, capture_output=True)
        plain = subprocess.run([sys.executable, "-c", _PARSE, path], check=True, capture_output=True)
        yield "peak memory of the check / of lxml.etree.parse", float(told.stdout.split()[1]) / float(plain.stdout), 4


_DEFAULTS = {"firm_name": "Norden LLP", "client_name": "Acme", "currency": "USD", "client_tax_id": "99",
             "matter_name": "Freight", "account_type": "O"}  # fmt: skip


def conversion() -> Iterator[tuple[str, float, float]]:
    """Read, convert and write a hundred thousand lines, against the check of the larger of the two files."""
    import ledes_engine as le

    def converted(data: bytes, target: str) -> bytes:
        return le.write(le.convert(le.read(data), target, _DEFAULTS).document, strict=False)

    source = invoice_file(100_000)
    files = {target: converted(source, target) for target in ("1998b", "1998bi", "2000", "2.0", "2.1", "2.2")}
    worst: dict[str, tuple[float, str]] = {}
    checks = {name: by_turns(lambda data=data: le.check(data), lambda: None, 3)[0] for name, data in files.items()}  # type: ignore[misc]
    for one, data in files.items():
        for other in files:
            taken, _ = by_turns(lambda data=data, other=other: converted(data, other), lambda: None, 1)  # type: ignore[misc]
            ratio = taken / max(checks[one], checks[other])
            worst["all"] = max(worst.get("all", (0.0, "")), (ratio, f"{one} to {other}"))
    ratio, pair = worst["all"]
    yield f"slowest conversion of 100,000 lines ({pair}) / check of the larger file", ratio, 3


def _many_findings(count: int) -> bytes:
    return invoice_file(count).replace(b"|F|", b"|f|").replace(b"|E|", b"|e|")


def _long_field(count: int) -> bytes:
    return invoice_file(200).replace(b"(file note 100)", b"word " * (count // 5))


def _short_records(count: int) -> bytes:
    return invoice_file(1) + b"20260205|1[]\r\n" * count


def linear() -> Iterator[tuple[str, float, float]]:
    """Four times as much of what is bad takes about four times as long."""
    from ledes_engine import check

    for name, make, count in (
        ("100,000 findings / 25,000", _many_findings, 100_000),
        ("a field of 10 MB / 2.5 MB", _long_field, 10_000_000),
        ("1,000,000 short bad records / 250,000", _short_records, 1_000_000),
    ):
        whole, part = make(count), make(count // 4)
        long, short = by_turns(lambda whole=whole: check(whole), lambda part=part: check(part), 3)  # type: ignore[misc]
        yield f"check, {name}", long / short, 5


def coding() -> Iterator[tuple[str, float, float]]:
    """Codes for thousands of distinct entries without and with the classifier, against spaCy's own cut into words."""
    import spacy

    from benchmarks.coding.labelled import labelled
    from ledes_engine.coding.chain import Coder
    from ledes_engine.coding.entry import Entry
    from ledes_engine.coding.spaces import Rules

    rows = [row for row in labelled("train", "tune") if row.set == "litigation"]
    texts = [f"{row.narrative} ({note})" for note in ("Acme", "Bolt", "Cole", "Dean") for row in rows]
    entries = [Entry(text, matter="M") for text in texts]
    nlp = spacy.blank("en")
    for classify, limit in ((False, 11), (True, 24)):
        warm = Coder(Rules(sets=("litigation",)), classify=classify)
        warm.suggest(entries[:200])

        def assign(warm: Coder = warm) -> None:
            warm.forget()
            assert len(warm.suggest(entries)) == len(texts)

        ours, theirs = by_turns(assign, lambda: sum(1 for _ in nlp.pipe(texts)), 3)
        what = f"codes for {len(texts)} distinct entries {'with' if classify else 'without'} the classifier"
        yield f"{what}, {len(texts) / ours:,.0f} a second / spaCy's tokenizer", ours / theirs, limit


_ALL = (process, reading, growth, jobs, markup, conversion, linear, coding)


def main(names: list[str]) -> int:
    """Run the benchmarks, all or those named; 1 when a limit is exceeded."""
    rows = []
    print(f"{'ratio':>8}  {'limit':>6}  of what")
    for benchmark in _ALL:
        if names and benchmark.__name__ not in names:
            continue
        for what, ratio, limit in benchmark():
            rows.append({"what": what, "ratio": round(ratio, 2), "limit": limit, "held": ratio <= limit})
            print(f"{ratio:8.2f}  {limit:6g}  {what}{'' if ratio <= limit else '   EXCEEDED'}", flush=True)
    machine = {"python": platform.python_version(), "system": platform.system(), "processors": os.cpu_count()}
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    results = {"machine": machine, "peak_kilobytes": memory, "rows": rows}
    (_HERE / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    return 0 if all(row["held"] for row in rows) else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
