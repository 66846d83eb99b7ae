"""Where the data files (`rules/`, `codesets/`) are, and a cache of what was parsed from them."""

import gc
import importlib.util
import marshal
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

_PACKAGE = os.path.dirname(os.path.abspath(__file__))


def data_folder(name: str) -> str:
    """The path of `rules` or `codesets`: inside the package in a wheel, beside it in a checkout."""
    packed = os.path.join(_PACKAGE, "_data", name)
    return packed if os.path.isdir(packed) else os.path.join(os.path.dirname(_PACKAGE), name)


def lexicon_file(name: str) -> str:
    """The path of a file of words, or of what was learned of them, in `rules/lexicon/`."""
    return os.path.join(data_folder("rules"), "lexicon", name)


def shipped_toml(path: str) -> dict[str, Any]:
    """The values in a TOML file of ours."""
    import tomllib

    with open(path, "rb") as file:
        return tomllib.load(file)


def files_below(folder: str, ending: str) -> list[str]:
    """Every file below `folder` with that ending, sorted, so that an order never depends on the disk."""
    found = [
        os.path.join(place, file) for place, _, files in os.walk(folder) for file in files if file.endswith(ending)
    ]
    return sorted(found)


def remembered(name: str, sources: Iterable[str], build: Callable[[], Any]) -> Any:
    """What `build()` makes of the files `sources`, kept beside the bytecode until one of them changes.

    Parsing a hundred small files costs more than checking an invoice, so the outcome (plain lists, dicts and
    strings) is kept as Python keeps its bytecode: same folder, same rules, and simply built again where that
    folder cannot be written.
    """
    stamp = [(path, *_signature(path)) for path in sources]
    bytecode = importlib.util.cache_from_source(os.path.join(_PACKAGE, "__init__.py"))
    cache = os.path.join(os.path.dirname(bytecode), f"{name}.{sys.implementation.cache_tag}.data")
    try:
        with open(cache, "rb") as file:
            kept_stamp, kept = marshal.load(file)  # noqa: S302  as trusted as the bytecode beside it
        if kept_stamp == stamp:
            return kept
    except (OSError, ValueError, EOFError, TypeError):
        pass
    value = build()
    try:
        os.makedirs(os.path.dirname(cache), exist_ok=True)
        write_whole(cache, marshal.dumps((stamp, value)))
    except OSError:
        pass
    return value


@contextmanager
def without_collector() -> Iterator[None]:
    """Work without the garbage collector: for reading and checking, which make millions of objects and no cycles."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def write_whole(path: str, data: bytes) -> None:
    """Write a file so that a reader sees the old content or the new, never a part (write aside, then rename).

    A link is followed, the mode of the file is kept, and what is no ordinary file (a device, a pipe) is written to.
    """
    path = os.path.realpath(path)
    if os.path.exists(path) and not os.path.isfile(path):
        with open(path, "wb") as file:
            file.write(data)
        return
    aside = f"{path}.{os.getpid()}.tmp"
    try:
        with open(aside, "wb") as file:
            file.write(data)
        if os.path.exists(path):
            os.chmod(aside, os.stat(path).st_mode & 0o7777)
        os.replace(aside, path)
    except OSError as error:
        if os.path.exists(aside):
            os.unlink(aside)
        raise OSError(error.errno, error.strerror, path) from error


def _signature(path: str) -> tuple[int, int]:
    state = os.stat(path)
    return state.st_mtime_ns, state.st_size
