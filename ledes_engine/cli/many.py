"""Many files: several processes, and a progress bar when a person waits."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor

from ledes_engine.cli.check import check_one
from ledes_engine.guidelines import Guidelines
from ledes_engine.history import History
from ledes_engine.results import Report

_PATIENCE = 1.0  # seconds without a progress bar

# Of a worker process, set once when it starts.
_guidelines: Guidelines
_history: History | None


def check_many(
    files: Sequence[str], guidelines: Guidelines, jobs: int, history: History | None, *, show_progress: bool
) -> Iterator[Report]:
    """The reports on the files, in their order."""
    if jobs <= 1:
        yield from _with_progress((check_one(path, guidelines, history) for path in files), len(files), show_progress)
        return
    chunk = max(1, min(16, len(files) // (4 * jobs)))
    with ProcessPoolExecutor(jobs, initializer=_start, initargs=(guidelines, history)) as pool:
        try:
            yield from _with_progress(pool.map(_work, files, chunksize=chunk), len(files), show_progress)
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _start(guidelines: Guidelines, history: History | None) -> None:
    import signal

    global _guidelines, _history
    _guidelines, _history = guidelines, history
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent tells


def _work(path: str) -> Report:
    return check_one(path, _guidelines, _history)


def _with_progress(outcomes: Iterator[Report], total: int, show: bool) -> Iterator[Report]:
    started = time.monotonic()
    done = 0
    for outcome in outcomes:
        yield outcome
        done += 1
        if show and time.monotonic() - started > _PATIENCE:
            break
    else:
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("checking", total=total, completed=done)
        for outcome in outcomes:
            yield outcome
            bar.advance(task)
