"""The command line `spark`: acts as the operator; the answer alone on standard output, all else on standard error.

A file here with a function `register(app)` is a command, or a group of commands, of the file's name (`import_.py` for
`import`). Only the file that is asked for is imported: starting the servers should not wait for everything else.
"""

import gc
import sys
from importlib import import_module
from pkgutil import iter_modules

import typer


def main() -> None:
    """Run what the command line asks for; the exit code says how it went."""
    app = typer.Typer(name="spark", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    app.callback(help="Spark Learning: run it, and act as its operator.")(_nothing)
    gc.disable()  # What is imported stays: to look through it for garbage is a tenth of the cost.
    for name in _asked_for(sys.argv[1:]):
        import_module(f"{__name__}.{name}").register(app)
    gc.freeze()
    gc.enable()
    app()


def _asked_for(arguments: list[str]) -> list[str]:
    """Return the modules that the first word needs: one, or all where it names none (`--help`, a slip of the pen)."""
    names = [module.name for module in iter_modules(__path__) if not module.name.startswith("_")]
    word = arguments[0].replace("-", "_") if arguments else ""
    return [name for name in names if name.removesuffix("_") == word] or names


def _nothing() -> None:
    """Typer wants a function to hang the general help on."""
