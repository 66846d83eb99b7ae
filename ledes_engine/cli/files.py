"""From what stands on the command line to the files to check."""

import glob
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ledes_engine.formats import detect
from ledes_engine.formats.fields import FORMATS
from ledes_engine.model import LedesError

if TYPE_CHECKING:
    from ledes_engine.guidelines import Guidelines

# Enough of a file to see what it is.
_HEAD = 1 << 12
_LEDES = (*FORMATS, "xml")
_NAMES_OF_INVOICES = (".txt", ".ledes", ".led", ".98b", ".bi")


class Found(NamedTuple):
    """The files to check, each once; what is wrong with the rest; and what is no LEDES file in the folders."""

    files: list[str]
    problems: list[tuple[str, str]]  # (path, why it is not checked)
    passed_over: list[str]


def spare(targets: Iterable[str | None], read: Iterable[str]) -> None:
    """Refuse to write over a file that is read; raises LedesError."""
    inputs = {os.path.realpath(path) for path in read}
    for path in targets:
        if path and os.path.realpath(path) in inputs:
            raise LedesError(f"{path}: this is the file that is read; choose another name to write to")


def guidelines_of(name: str | None) -> "Guidelines":
    """The guidelines that are named, else those of this folder or above it, else the standard."""
    from ledes_engine.guidelines import load_guidelines
    from ledes_engine.settings import find_file

    name = name or find_file(os.getcwd())
    return load_guidelines(os.path.relpath(name)) if name else load_guidelines()


def find_files(paths: Sequence[str]) -> Found:
    """The files that the paths, folders and patterns name.

    A file that is named is checked whatever it holds; in a folder only those are that look like LEDES, and empty text
    files, because an export that failed leaves one.
    """
    files: dict[str, None] = {}
    problems: list[tuple[str, str]] = []
    passed_over: list[str] = []
    for path in paths:
        if os.path.isdir(path):
            before = len(files), len(problems)
            for name, kind in _in_folder(path):
                if kind == "unreadable":
                    problems.append((name, "the file cannot be read"))
                elif kind in _LEDES or (kind == "empty" and name.lower().endswith(_NAMES_OF_INVOICES)):
                    files[name] = None
                else:
                    passed_over.append(name)
            if (len(files), len(problems)) == before:
                problems.append((path, "the folder has no LEDES files"))
        elif path == "-" or os.path.lexists(path):
            files[path] = None
        else:
            matching = [name for name in sorted(glob.glob(path, recursive=True)) if os.path.isfile(name)]
            files.update(dict.fromkeys(matching))
            if not matching:
                problems.append((path, "there is no such file or folder"))
    return Found(list(files), problems, passed_over)


def _in_folder(folder: str) -> Iterator[tuple[str, str]]:
    """The files below a folder, but for hidden ones, and what each looks like."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = os.path.join(place, name)
            if not name.startswith(".") and (os.path.isfile(path) or os.path.islink(path)):
                yield path, _kind(path)


def _kind(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return detect(file.read(_HEAD)).kind
    except OSError:
        return "unreadable"
