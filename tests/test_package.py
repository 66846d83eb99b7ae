"""What is built is what works: the wheel, alone in a clean environment, away from the checkout."""

import os
import subprocess
import sys
import venv
import zipfile

import pytest

from tests.examples import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from the source archive, so that both are whole."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    [built] = folder.glob("*.whl")
    return built


def test_the_wheel_holds_every_rule_and_code_set(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("rules", "codesets"):
        for path in (ROOT / folder).rglob("*.*"):
            assert f"ledes_engine/_data/{path.relative_to(ROOT).as_posix()}" in names
    assert {"ledes_engine/py.typed", "ledes_engine/report/report.schema.json"} <= names


def test_the_wheel_works_in_a_clean_environment(wheel, tmp_path):
    home = tmp_path / "venv"
    venv.create(home, with_pip=True)
    scripts = home / ("Scripts" if os.name == "nt" else "bin")
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "COV_"))}

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, capture_output=True, text=True, cwd=tmp_path, env=clean, check=False, encoding="utf-8"
        )

    installed = run(str(scripts / "pip"), "install", "-q", "-c", str(ROOT / "constraints.txt"), str(wheel))
    assert installed.returncode == 0, installed.stderr
    good, bad = (ROOT / "fixtures" / name for name in ("good/1998b.txt", "bad/invoice.txt"))
    accepted = run(str(scripts / "ledes-check"), str(good))
    assert (accepted.returncode, accepted.stderr) == (0, "")
    assert "ACCEPT: no errors, no warnings" in accepted.stdout
    rejected = run(str(scripts / "python"), "-m", "ledes_engine", "check", str(bad), "--hub", "brightflag")
    assert rejected.returncode == 1
    assert "F06 line-total-mismatch" in rejected.stdout
    assert run(str(scripts / "ledes"), "codes", "L110").stdout.startswith("L110 Fact Investigation")
    assert run(str(scripts / "ledes"), "init", "--profile", "onit").returncode == 0
    shown = run(str(scripts / "ledes-check"), "--show-guidelines")
    assert (shown.returncode, "shipped: onit" in shown.stdout) == (0, True)


def test_the_readme_shows_real_output():
    readme = (ROOT / "README.md").read_text()
    expected = (ROOT / "fixtures" / "bad" / "invoice.expected").read_text()
    assert expected.replace("invoice.txt:", "fixtures/bad/invoice.txt:") in readme
