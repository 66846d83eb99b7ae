"""The commands as a user runs them: what they print, where, and the exit status; never a traceback."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from ledes_engine.cli import check_main, main
from tests.examples import ROOT, fixture

GOOD = fixture("1998B")
BAD = GOOD.replace("|630|", "|630.01|")
CHECK = [sys.executable, "-m", "ledes_engine", "check"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    (tmp_path / "good.txt").write_bytes(GOOD.encode())
    (tmp_path / "bad.txt").write_bytes(BAD.encode())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ledes_check(capsys, *arguments: str) -> tuple[int, str, str]:
    try:
        status = check_main(list(arguments))
    except SystemExit as stop:
        status = stop.code if isinstance(stop.code, int) else 2
    told = capsys.readouterr()
    assert "Traceback" not in told.out + told.err
    return status, told.out, told.err


@pytest.mark.parametrize(
    ("arguments", "status", "out", "err"),
    [
        (["good.txt"], 0, "ACCEPT: no errors, no warnings", ""),
        (["bad.txt"], 1, "REJECT: 2 errors, no warnings, $0.01 at stake; 1 of 2 invoices affected", ""),
        (["bad.txt", "--fail-on", "never"], 0, "ACCEPT: 2 errors", ""),
        (["good.txt", "bad.txt"], 1, "2 files: 1 accepted, 1 rejected", ""),
        (["."], 1, "2 files", ""),
        (["*.txt"], 1, "2 files", ""),
        (["good.txt", "--select", "F06,F07"], 0, "ACCEPT", ""),
        (["bad.txt", "--ignore", "F06", "--ignore", "invoice-total-mismatch"], 0, "ACCEPT", ""),
        (["good.txt", "--hub", "brightflag"], 0, "guidelines: brightflag", ""),
        ([], 2, "", "name the files or folders to check"),
        (["nowhere.txt"], 2, "", "nowhere.txt: there is no such file or folder"),
        (["*.dat"], 2, "", "*.dat: there is no such file or folder"),
        (["good.txt", "nowhere.txt"], 2, "UNDECIDED", "there is no such file"),
        (["good.txt", "--select", "F999"], 2, "", "command line, select: there is no rule 'F999'"),
        (["good.txt", "--select", "F6"], 2, "", "there is no rule 'F6'"),
        (["bad.txt", "--select", "f06 F07"], 1, "REJECT: 2 errors", ""),
        (["good.txt", "--ignore", "all"], 2, "", "no rule is left to run"),
        (["good.txt", "--output", "good.txt"], 2, "", "nothing is written over it"),
        (["good.txt", "--write-baseline", "good.txt"], 2, "", "nothing is written over it"),
        (["good.txt", "--hub", "brihtflag"], 2, "", "did you mean brightflag?"),
        (["good.txt", "-g", "nowhere.toml"], 2, "", "nowhere.toml"),
        (["good.txt", "--format", "pdf"], 2, "", "invalid choice"),
        (["good.txt", "--jobs", "-1"], 2, "", "is no whole number"),
        (["good.txt", "--max-findings", "x"], 2, "", "is no whole number"),
        (["good.txt", "--output", "nowhere/report.txt"], 2, "", "nowhere/report.txt"),
        (["--version"], 0, "ledes-check 0.", ""),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)  # fmt: skip
def test_status_and_streams(capsys, arguments, status, out, err):
    got, stdout, stderr = ledes_check(capsys, *arguments)
    assert (got, out in stdout, err in stderr) == (status, True, True), (got, stdout, stderr)


def test_links_modes_and_devices_survive_a_report(capsys, folder):
    (folder / "real.json").write_text("{}")
    (folder / "real.json").chmod(0o640)
    (folder / "link.json").symlink_to("real.json")
    assert ledes_check(capsys, "good.txt", "--format", "json", "-o", "link.json")[0] == 0
    assert (folder / "link.json").is_symlink()
    assert json.loads((folder / "real.json").read_text())["verdict"] == "accept"
    assert (folder / "real.json").stat().st_mode & 0o777 == 0o640
    assert ledes_check(capsys, "good.txt", "-o", os.devnull)[0] == 0


def test_a_folder_names_what_it_leaves_out_and_misses_no_failed_export(capsys, folder):
    (folder / "march").mkdir()
    (folder / "march" / "empty.txt").write_bytes(b"")
    (folder / "march" / "headless.txt").write_bytes(GOOD.split("\r\n", 2)[2].encode())
    (folder / "march" / "letter.txt").write_text("Dear Sirs")
    (folder / "march" / "gone.txt").symlink_to("nowhere")
    status, out, err = ledes_check(capsys, "march", "-v")
    assert status == 1
    assert "march/empty.txt:1: error F22 empty-file" in out
    assert "march/headless.txt:1: error F24 format-line-missing" in out
    assert "march/gone.txt: the file cannot be read" in err
    assert "passed over: march/letter.txt" in err


@pytest.mark.parametrize("format", ["json", "jsonl", "sarif", "junit", "github", "concise", "csv"])
def test_a_file_that_is_not_read_is_no_success_in_any_format(capsys, format):
    status, out, _ = ledes_check(capsys, "good.txt", "nowhere.txt", "--format", format)
    assert status == 2
    told = {"json": '"verdict": "undecided"', "sarif": '"executionSuccessful": false', "junit": 'errors="1"'}
    assert told.get(format, "") in out
    if format not in ("jsonl", "csv"):
        assert "there is no such file or folder" in out


def test_a_folder_without_ledes_files_says_so(capsys, folder):
    (folder / "empty").mkdir()
    (folder / "empty" / "letter.txt").write_text("Dear Sirs")
    assert ledes_check(capsys, "empty") == (2, "", "ledes: empty: the folder has no LEDES files\n")


@pytest.mark.parametrize(
    ("content", "status", "words"),
    [
        (b"", 1, "The file is empty"),
        (b"\x89PNG\r\n\x1a\n\0\0", 1, "but a picture (PNG)"),
        (b"<ledesxmlebilling9.1/>", 2, "UNDECIDED"),
    ],
)
def test_files_that_are_no_1998b_invoice(capsys, folder, content, status, words):
    (folder / "x.txt").write_bytes(content)
    got, out, _ = ledes_check(capsys, "x.txt")
    assert (got, words in out) == (status, True)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root reads every file")
def test_a_file_that_may_not_be_read(capsys, folder):
    (folder / "bad.txt").chmod(0)
    assert ledes_check(capsys, "bad.txt")[0] == 2


def test_a_dangling_link_is_told(capsys, folder):
    (folder / "link.txt").symlink_to("nowhere")
    status, _, err = ledes_check(capsys, "link.txt")
    assert (status, err) == (2, "ledes: link.txt: there is no such file\n")


def test_standard_input_is_a_dash():
    done = subprocess.run([*CHECK, "-"], input=BAD.encode(), capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (1, b"")
    assert b"standard input:3: error F06" in done.stdout


def test_standard_input_is_read_beside_files_in_several_jobs():
    done = subprocess.run(
        [*CHECK, "good.txt", "-", "--jobs", "2"], input=BAD.encode(), capture_output=True, check=False
    )
    assert (done.returncode, b"standard input:3: error F06" in done.stdout) == (1, True)


@pytest.mark.skipif(os.name == "nt", reason="POSIX shells")
@pytest.mark.parametrize(("closed", "status"), [("- <&-", 2), ("good.txt >&-", 0), ("bad.txt 2>&-", 1)])
def test_closed_streams_are_no_accident(closed, status):
    command = f"{sys.executable} -m ledes_engine check {closed}"
    done = subprocess.run(["sh", "-c", command], capture_output=True, check=False)
    assert (done.returncode, b"Traceback" in done.stderr) == (status, False)


@pytest.mark.skipif(os.name == "nt", reason="POSIX pipes")
def test_a_pipe_in_a_folder_is_passed_over(capsys, folder):
    os.mkfifo(folder / "pipe.txt")
    assert ledes_check(capsys, ".")[0] == 1


def test_the_report_goes_to_a_file_as_a_whole(capsys, folder):
    status, out, _ = ledes_check(capsys, "bad.txt", "--format", "json", "--output", "report.json")
    assert (status, out) == (1, "REJECT: 2 errors, no warnings, $0.01 at stake; 1 of 2 invoices affected\n")
    assert json.loads((folder / "report.json").read_text())["verdict"] == "reject"
    assert sorted(path.name for path in folder.iterdir()) == ["bad.txt", "good.txt", "report.json"]


def test_the_ledes_toml_of_the_folder_is_used_and_named(capsys, folder):
    (folder / "ledes.toml").write_text('name = "acme"\nignore = ["F06", "F07"]\n')
    status, out, _ = ledes_check(capsys, "bad.txt")
    assert status == 0
    assert "guidelines: acme from ledes.toml (" in out


def test_what_guidelines_lack_is_told(capsys, folder):
    (folder / "letter.txt").write_text("Dear Sirs")
    told = "43 rules not checked for want of a client's guidelines"
    assert told in ledes_check(capsys, "good.txt", "letter.txt")[1]
    assert told in ledes_check(capsys, "good.txt")[1]
    (folder / "ledes.toml").write_text('firm_ids = ["24-6437381"]\n')
    out = ledes_check(capsys, "good.txt")[1]
    assert "42 rules not checked, because the guidelines do not give what they need" in out
    assert (
        "C02 code-not-allowed: the guidelines give no list of allowed codes" in ledes_check(capsys, "good.txt", "-v")[1]
    )


def test_guidelines_are_shown(capsys, folder):
    (folder / "ledes.toml").write_text('name = "acme"\nextends = "onit"\n')
    status, out, _ = ledes_check(capsys, "--show-guidelines")
    assert status == 0
    assert 'severity.F54 = "off"    # shipped: onit\n' in out


def test_a_baseline_hides_known_findings_and_shows_new_ones(capsys, folder):
    assert ledes_check(capsys, "bad.txt", "--write-baseline", "known.json")[0] == 0
    assert "260117" not in (folder / "known.json").read_text()
    status, out, _ = ledes_check(capsys, "bad.txt", "--baseline", "known.json")
    assert (status, "2 findings waived" in out) == (0, True)
    (folder / "bad.txt").write_bytes(BAD.replace("L110", "").encode())
    status, out, _ = ledes_check(capsys, "bad.txt", "--baseline", "known.json")
    assert (status, "C01 task-code-missing" in out, "F06 line-total" in out) == (1, True, False)


def test_a_baseline_counts_and_is_written_whole(capsys, folder):
    wrong = GOOD.replace("L110", "L11O")
    (folder / "one.txt").write_bytes(wrong.encode())
    (folder / "two.txt").write_bytes(wrong.replace("L160", "L11O").encode())
    assert ledes_check(capsys, "one.txt", "--write-baseline", "known.json")[1].startswith("known.json: 1 finding noted")
    _, out, _ = ledes_check(capsys, "two.txt", "--baseline", "known.json")
    assert "1 warning" in out and "1 finding waived" in out
    both = ledes_check(capsys, "two.txt", "--baseline", "known.json", "--write-baseline", "known.json")
    assert both[1].startswith("known.json: 2 findings noted")
    assert ledes_check(capsys, "nowhere.txt", "--write-baseline", "other.json")[0] == 2
    assert not (folder / "other.json").exists()


def test_max_findings_limits_what_is_shown_not_the_verdict(capsys):
    status, out, _ = ledes_check(capsys, "bad.txt", "--format", "jsonl", "--max-findings", "1")
    assert (status, len(out.splitlines())) == (1, 1)


def test_jobs_give_the_same_reports_in_the_same_order(capsys, folder):
    for number in range(40):
        (folder / f"{number:02}.txt").write_bytes((BAD if number % 3 else GOOD).encode())
    alone = ledes_check(capsys, ".", "--format", "json", "--jobs", "1")
    together = ledes_check(capsys, ".", "--format", "json", "--jobs", "2")
    assert alone == together
    assert alone[0] == 1


def test_colors_only_on_a_terminal(capsys):
    assert "\x1b[" not in ledes_check(capsys, "bad.txt")[1]


def on_terminal(command: list[str], stream: str, **environment: str) -> bytes:
    """What a person sees when a stream of the command is a terminal."""
    pty = pytest.importorskip("pty")
    control, terminal = pty.openpty()
    variables = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, stream: terminal}
    with subprocess.Popen(command, env=variables | environment, **streams):
        os.close(terminal)
        told = b""
        while True:
            try:
                piece = os.read(control, 65536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            told += piece
    os.close(control)
    return told


def test_a_terminal_gets_colors_unless_told_not_to():
    assert b"\x1b[1;31mREJECT\x1b[0m" in on_terminal([*CHECK, "bad.txt"], "stdout")
    assert b"\x1b[" not in on_terminal([*CHECK, "bad.txt", "--no-color"], "stdout")
    assert b"\x1b[" not in on_terminal([*CHECK, "bad.txt"], "stdout", NO_COLOR="1")


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_who_waits_at_a_terminal_sees_progress(folder, jobs):
    for number in range(40):
        (folder / f"{number:02}.txt").write_bytes(GOOD.encode())
    code = (
        "import sys; from ledes_engine.cli import check_main, many; many._PATIENCE = -1; "
        f"sys.exit(check_main(['.', '--jobs', '{jobs}']))"
    )
    assert b"checking" in on_terminal([sys.executable, "-c", code], "stderr", TERM="xterm")


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_a_reader_that_leaves_early_is_no_error(folder):
    lines = BAD.split("\r\n")
    many = "\r\n".join([*lines[:2], *lines[2:3] * 5000, ""])
    (folder / "many.txt").write_bytes(many.encode())
    with subprocess.Popen(
        [*CHECK, "many.txt", "--format", "jsonl"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as run:
        run.stdout.readline()
        run.stdout.close()
        assert run.stderr.read() == b""


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_ctrl_c_is_told_in_words():
    with subprocess.Popen([*CHECK, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        time.sleep(1)
        run.send_signal(signal.SIGINT)
        _, err = run.communicate(timeout=20)
    assert (run.returncode, err) == (130, b"ledes: interrupted; nothing more was checked\n")


def ledes(capsys, *arguments: str) -> tuple[int, str, str]:
    try:
        status = main(list(arguments))
    except SystemExit as stop:
        status = stop.code if isinstance(stop.code, int) else 2
    told = capsys.readouterr()
    return status, told.out, told.err


def test_a_rule_is_explained(capsys, golden):
    status, out, _ = ledes(capsys, "rules", "line-total-mismatch")
    assert status == 0
    golden(ROOT / "fixtures" / "rules-F06.expected", out)


def test_rules_are_listed_by_group_and_as_json(capsys):
    _, out, _ = ledes(capsys, "rules", "ledes-bi")
    assert [line.split()[0] for line in out.splitlines() if line.startswith(("F", "X"))][:2] == ["F48", "F49"]
    assert json.loads(ledes(capsys, "rules", "F06", "--json")[1])[0]["name"] == "line-total-mismatch"
    assert ledes(capsys, "rules", "F006")[0] == 2


@pytest.mark.parametrize(
    ("words", "status", "shown"),
    [
        ([], 0, "litigation"),
        (["trademark"], 0, "TR100"),
        (["l110"], 0, "L110 Fact Investigation/Development"),
        (["E101"], 0, "Copying"),
        (["summary", "judgment"], 0, "L240"),
        (["L11O"], 1, "did you mean L110"),
        (["zzzz"], 1, "nothing found"),
    ],
)
def test_codes_are_listed_explained_and_searched(capsys, words, status, shown):
    got, out, _ = ledes(capsys, "codes", *words)
    assert (got, shown in out) == (status, True)


def test_init_writes_guidelines_that_are_good_and_never_overwrites(capsys, folder):
    assert ledes(capsys, "init", "--profile", "brightflag", "--name", 'Acme "US"')[0] == 0
    text = (folder / "ledes.toml").read_text()
    assert ledes(capsys, "init")[0] == 2
    assert (folder / "ledes.toml").read_text() == text
    assert 'guidelines: Acme "US" from ledes.toml' in ledes_check(capsys, "good.txt")[1]
    # Every line that is commented out is good once the # is gone.
    lines = [line[2:] if line.startswith("# ") and ("=" in line or "[" in line) else line for line in text.splitlines()]
    (folder / "ledes.toml").write_text("\n".join(line for line in lines if not line.startswith("All keys")))
    status, out, err = ledes_check(capsys, "--show-guidelines")
    assert (status, err) == (0, "")
    assert "timekeeper" in out


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_completion_knows_the_commands_and_options(capsys, shell):
    status, out, _ = ledes(capsys, "completion", shell)
    assert status == 0
    assert "rules" in out
    assert "statistics" in ledes(capsys, "completion", shell, "--command", "ledes-check")[1]


def test_without_a_command_usage_is_shown(capsys):
    status, _, err = ledes(capsys)
    assert (status, "usage: ledes" in err) == (2, True)
    assert ledes(capsys, "--version")[1].startswith("ledes 0.")


class TestConvert:
    def test_what_is_missing_stops_it(self, capsys, folder):
        status, out, err = ledes(capsys, "convert", "good.txt", "--to", "2.2", "-o", "out.xml")
        assert (status, err) == (2, "ledes: out.xml is not written\n")
        assert "lf_name is required (in each firm); give it as firm_name under [defaults] in the guidelines" in out
        assert not (folder / "out.xml").exists()

    def test_there_and_back(self, capsys, folder):
        (folder / "ledes.toml").write_text('[defaults]\nfirm_name = "Norden"\nclient_name = "Acme"\ncurrency = "USD"\n')
        status, out, _ = ledes(capsys, "convert", "good.txt", "--to", "2.2", "-o", "out.xml", "--losses", "lost.csv")
        assert status == 0
        assert "LINE_ITEM_DATE: 20260131 (line 6): an adjustment of the matter has no such element in LEDES XML" in out
        *_, written, checked = out.splitlines()
        assert written == "out.xml written: LEDES XML 2.2, 2 invoices, 3 line items"
        assert checked.startswith("checked by ledes from ledes.toml (") and checked.endswith(
            ": ACCEPT: no errors, no warnings"
        )
        assert (folder / "lost.csv").read_text().splitlines()[0] == "table,field,line,value,reason"
        assert ledes(capsys, "convert", "out.xml", "--to", "xlsx", "-o", "out.xlsx")[0] == 0
        assert ledes(capsys, "convert", "out.xlsx", "--to", "1998b", "-o", "back.txt")[0] == 0
        assert ledes_check(capsys, "back.txt")[0] == 0

    def test_strict_writes_nothing(self, capsys, folder):
        (folder / "ledes.toml").write_text('[defaults]\nfirm_name = "Norden"\nclient_name = "Acme"\ncurrency = "USD"\n')
        assert ledes(capsys, "convert", "good.txt", "--to", "2.2", "-o", "out.xml", "--strict")[0] == 2
        assert not (folder / "out.xml").exists()

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (["no.txt", "--to", "2.2", "-o", "x"], "no.txt: there is no such file"),
            (["invoice.txt", "--to", "3.0", "-o", "x"], "there is no format '3.0'"),
            (["invoice.txt", "--to", "2.2", "-o", "./invoice.txt"], "this is the file that is read"),
            (["letter.csv", "--to", "1998b", "-o", "x"], "letter.csv: the first row must name the fields"),
        ],
    )
    def test_mistakes_are_told_in_words(self, capsys, folder, arguments, told):
        (folder / "invoice.txt").write_bytes(GOOD.encode())
        (folder / "letter.csv").write_text("Dear,Sirs\n")
        status, _, err = ledes(capsys, "convert", *arguments)
        assert (status, told in err) == (2, True)

    def test_unknown_defaults_are_told(self, capsys, folder):
        (folder / "g.toml").write_text('[defaults]\nfirmname = "x"\n')
        _, _, err = ledes(capsys, "convert", "good.txt", "--to", "2.2", "-o", "x", "-g", "g.toml")
        assert err == "ledes: g.toml:2: there is no column 'firmname' (did you mean firm_name?)\n"


class TestFix:
    @pytest.fixture
    def faulty(self, folder):
        path = folder / "invoice.txt"
        path.write_bytes(GOOD.encode().replace(b"|F|2.00|", b"|f|2.00|").replace(b"\r\n", b"\n"))
        return path

    def test_a_mended_file_is_accepted(self, capsys, faulty):
        assert ledes_check(capsys, "invoice.txt")[0] == 1
        status, out, _ = ledes_check(capsys, "invoice.txt", "--fix", "--backup")
        assert status == 0
        assert out.startswith("invoice.txt: 1 repair\n    letter case EXP/FEE/INV_ADJ_TYPE: f -> F (line 3)\n")
        assert faulty.read_bytes() == GOOD.encode()
        assert faulty.with_name("invoice.txt.orig").read_bytes().count(b"|f|") == 1
        assert ledes_check(capsys, "invoice.txt", "--fix")[1].startswith("invoice.txt: LEDES 1998B")

    def test_a_backup_is_never_written_over(self, capsys, faulty):
        faulty.with_name("invoice.txt.orig").write_text("older")
        before = faulty.read_bytes()
        status, _, err = ledes_check(capsys, "invoice.txt", "--fix", "--backup")
        assert (status, "invoice.txt.orig: the file is there already" in err) == (2, True)
        assert faulty.read_bytes() == before

    def test_diff_shows_and_writes_nothing(self, capsys, faulty):
        before = faulty.read_bytes()
        status, out, _ = ledes_check(capsys, "invoice.txt", "--fix", "--diff")
        assert status == 1
        assert "-20260205|260117|00711|0528|1684.45|20260101|20260131|Professional services|1|f|2.00" in out
        assert "+20260205|260117|00711|0528|1684.45|20260101|20260131|Professional services|1|F|2.00" in out
        assert faulty.read_bytes() == before
        assert ledes_check(capsys, "good.txt", "--fix", "--diff") == (0, "", "")

    def test_repairs_do_not_stand_in_the_way_of_other_formats(self, capsys, faulty):
        _, out, err = ledes_check(capsys, "invoice.txt", "--fix", "--format", "json")
        assert json.loads(out)["verdict"] == "accept"
        assert "1 repair" in err

    def test_mistakes_are_told_in_words(self, capsys, faulty):
        assert "there is no unsafe fix 'all'" in ledes_check(capsys, "invoice.txt", "--fix", "--unsafe-fixes", "all")[2]
        assert "go with --fix" in ledes_check(capsys, "invoice.txt", "--diff")[2]
        assert "go with --fix" in ledes_check(capsys, "invoice.txt", "--backup")[2]
        assert "standard input cannot be mended" in ledes_check(capsys, "-", "--fix")[2]
