"""From what stands on the command line to the files to check."""

import glob
import os
from collections.abc import Iterator, Sequence

from ledes_engine.formats import detect

# Enough of a file to see what it is.
_HEAD = 1 << 16
_LEDES = ("1998B", "1998BI", "xml")


def find_files(paths: Sequence[str]) -> tuple[list[str], list[str]]:
    """The files that the paths, folders and patterns name, each once; and what is wrong with those that name none.

    A file that is named is checked whatever it holds; in a folder only the files that look like LEDES are.
    """
    files: dict[str, None] = {}
    problems = []
    for path in paths:
        if path == "-" or os.path.isfile(path) or (os.path.lexists(path) and not os.path.isdir(path)):
            files[path] = None
            continue
        found = list(_in_folder(path)) if os.path.isdir(path) else _by_pattern(path)
        files.update(dict.fromkeys(found))
        if not found:
            kind = "the folder has no LEDES files" if os.path.isdir(path) else "there is no such file or folder"
            problems.append(f"{path}: {kind}")
    return list(files), problems


def _by_pattern(pattern: str) -> list[str]:
    return [path for path in sorted(glob.glob(pattern, recursive=True)) if os.path.isfile(path)]


def _in_folder(folder: str) -> Iterator[str]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = os.path.join(place, name)
            if not name.startswith(".") and os.path.isfile(path) and _looks_like_ledes(path):
                yield path


def _looks_like_ledes(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            return detect(file.read(_HEAD)).kind in _LEDES
    except OSError:
        return False
