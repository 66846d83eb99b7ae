"""The design, held: layers, sizes, imports, exports, sources."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import ledes_engine
from ledes_engine.cards import shipped_cards
from ledes_engine.checks import KINDS
from ledes_engine.codesets import Code, shipped_sets
from tests.examples import ROOT

PACKAGE = ROOT / "ledes_engine"
FILES = sorted(PACKAGE.rglob("*.py"))
# Lowest first; an import never points up.
LAYERS = [
    ["resources", "values", "model", "views"],
    ["cards", "strict", "codesets", "results", "formats", "narrative", "history", "coding", "checks"],
    ["engine"],
    ["settings", "guidelines", "report", "checking", "conversion", "fixes", "entries", "practice", "suggesting"],
    ["cli", "__main__"],
]
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
HEAVY = {
    "anyascii",
    "openpyxl",
    "pandas",
    "spacy",
    "numpy",
    "openai",
    "rapidfuzz",
    "jinja2",
    "lxml",
    "pydantic",
    "rich",
    "shtab",
    "tomllib",
}


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def part_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path):
    """(module, whether it is imported when the file is loaded) of every import."""
    tree = ast.parse(path.read_text())
    guarded = [
        node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
    ]
    inside = {id(child) for node in ast.walk(tree) if isinstance(node, _FUNCTIONS) for child in ast.walk(node)}
    inside |= {id(child) for node in guarded for child in ast.walk(node)}
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
        for name in names:
            yield name, id(node) not in inside


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(ROOT)) for path in FILES])
def test_a_module_keeps_to_its_layer_and_loads_nothing_heavy(path):
    if path == PACKAGE / "__init__.py":
        return
    for name, at_load in imports(path):
        if name.startswith("ledes_engine.") and at_load:
            assert RANK[name.split(".")[1]] <= RANK[part_of(path)], f"{path.name} imports {name}"
        if at_load:
            assert name.split(".")[0] not in HEAVY, f"{path.name} loads {name} at once"


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(ROOT)) for path in FILES])
def test_files_and_functions_are_short(path):
    assert path.read_text().count("\n") <= 400
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, _FUNCTIONS):
            assert node.end_lineno - node.lineno < 70, f"{path.name}: {node.name}"


def test_all_is_what_is_exported():
    assert sorted(ledes_engine.__all__) == ledes_engine.__all__
    assert set(ledes_engine.__all__) == set(ledes_engine._HOME) | {"__version__"}
    for name in ledes_engine.__all__:
        assert getattr(ledes_engine, name) is not None


def test_checking_a_1998b_file_loads_no_heavy_library():
    code = (
        "import sys; from ledes_engine.cli import check_main; "
        f"status = check_main([{str(ROOT / 'fixtures' / 'good' / '1998b.txt')!r}]); "
        f"print(status, sorted({HEAVY | {'pathlib', 'dataclasses', 'json'}!r} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {code}"],
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
    )
    assert done.stdout.splitlines()[-1] in ("0 []", "0 ['tomllib']")  # tomllib only while nothing is remembered


def test_every_kind_is_used_and_explained():
    used = {card.kind for card in shipped_cards().values()}
    assert used == set(KINDS)
    assert all(check.__doc__ for check in KINDS.values())


def test_every_code_set_says_where_it_is_from_and_on_what_ground():
    sources = tomllib.loads((ROOT / "codesets" / "sources.toml").read_text())
    assert set(sources) == set(shipped_sets())
    for one in shipped_sets().values():
        assert one.title and one.publisher and one.year and one.origin and one.permission
        codes = {code.code for code in one.codes}
        assert len(codes) == len(one.codes)
        for code in one.codes:
            assert not code.parent or code.parent in codes
            assert code.definition
            assert code.billable in ("yes", "no", "depends")
            assert code.status in ("confirmed", "single-source", "disputed", "unconfirmed", "removed", "vendor-only")


def test_code_sets_have_the_published_numbers_of_codes():
    sizes = {name: len(one.codes) for name, one in shipped_sets().items()}
    assert sizes["litigation"] == 34
    assert (sizes["activities"], sizes["bankruptcy"], sizes["project"], sizes["counseling"]) == (29, 25, 16, 4)
    assert (sizes["patent"], sizes["trademark"], sizes["j-codes"], sizes["expenses-x"]) == (50, 41, 54, 68)
    known = {code.code: code for code in shipped_sets()["litigation"].codes}
    assert known["L240"] == Code(*known["L240"])
    assert (known["L240"].label, known["L100"].billable, known["L120"].parent) == ("Dispositive Motions", "no", "L100")


def test_nothing_names_a_machine_or_a_registry():
    files = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=False, cwd=ROOT).stdout.split()
    for name in files:
        if name.endswith((".py", ".toml", ".md", ".txt", ".yml", ".yaml", ".csv")) and (ROOT / name).exists():
            text = (ROOT / name).read_bytes()
            for word in (b"/wo" + b"rk/", b"pypi" + b".org", b"files.python" + b"hosted"):
                assert word not in text, f"{name} names {word!r}"
