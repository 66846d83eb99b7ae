"""The commands `ledes` and `ledes-check`: arguments in, exit status out, no logic of their own."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from ledes_engine import __version__
from ledes_engine.model import LedesError

ACCEPT, REJECT, UNDECIDED = 0, 1, 2
_INTERRUPTED = 130
_COMMANDS = {
    "check": "check LEDES files and say what would be refused",
    "convert": "write a file in another format, and say what that format cannot hold",
    "code": "assign codes to the entries of a file from their narratives",
    "profitability": "report hours, fees, write-downs and budgets per phase, task, timekeeper and matter",
    "rules": "list the rules, or explain one",
    "codes": "list code sets, explain a code, or search for one",
    "init": "write a guidelines file to start from",
    "completion": "print a completion script for your shell",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """`ledes`: run a subcommand and return the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    command = given[0] if given and given[0] in _COMMANDS else ""
    return _guarded(lambda: _run(whole_parser(command), given))


def check_main(arguments: Sequence[str] | None = None) -> int:
    """`ledes-check`, which is `ledes check`."""
    from ledes_engine.cli import check

    parser = check.add_arguments(argparse.ArgumentParser(prog="ledes-check", description=check.__doc__))
    return _guarded(lambda: _run(parser, list(sys.argv[1:] if arguments is None else arguments)))


def whole_parser(command: str = "") -> argparse.ArgumentParser:
    """The parser of `ledes`; with a `command`, only that subcommand's arguments are set up."""
    parser = argparse.ArgumentParser(prog="ledes", description="Rules-first checking of legal e-billing files.")
    parser.add_argument("--version", action="version", version=f"ledes {__version__}")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, summary in _COMMANDS.items():
        subparser = subparsers.add_parser(name, help=summary, description=summary[0].upper() + summary[1:] + ".")
        if not command or name == command:
            import_module(f"ledes_engine.cli.{name}").add_arguments(subparser)
    return parser


def _run(parser: argparse.ArgumentParser, arguments: list[str]) -> int:
    options = parser.parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    return run(options)


def _guarded(action: Callable[[], int]) -> int:
    """Run a command so that whatever happens is told in words; no traceback ever reaches a user."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started us
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115  open as long as the process
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        status = action()
        sys.stdout.flush()
        return status
    except LedesError as error:
        complain(str(error))
    except KeyboardInterrupt:
        complain("interrupted; nothing more was checked")
        return _INTERRUPTED
    except BrokenPipeError:
        # The reader (head, less) has gone; give Python a place to flush to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        complain(f"{error.filename or 'the system'}: {error.strerror or error}")
    except MemoryError:
        complain("there is not enough memory for this file")
    except Exception as error:  # a fault of ours: never a traceback for a user
        complain(f"this is a fault of ledes_engine ({error!r}); please report it with the command that you gave")
    return UNDECIDED


def complain(message: str) -> None:
    """Say on standard error what is wrong."""
    from ledes_engine.report.words import printable

    print("ledes: " + "\n".join(map(printable, message.split("\n"))), file=sys.stderr)
