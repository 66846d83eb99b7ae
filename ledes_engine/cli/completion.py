"""`ledes completion`: a script that teaches a shell the commands and options."""

import argparse

from ledes_engine.cli import ACCEPT


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Set up the arguments of `ledes completion`."""
    parser.add_argument("shell", choices=("bash", "zsh", "tcsh"))
    parser.add_argument("--command", choices=("ledes", "ledes-check"), default="ledes", help="the command to complete")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the script; `eval "$(ledes completion bash)"` in the shell's start-up file turns it on."""
    import shtab

    from ledes_engine.cli import check, whole_parser

    parser = whole_parser()
    if options.command == "ledes-check":
        parser = check.add_arguments(argparse.ArgumentParser(prog="ledes-check"))
    print(shtab.complete(parser, shell=options.shell))
    return ACCEPT
