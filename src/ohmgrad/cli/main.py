"""The program: its commands and exit codes."""

import gc
import io
import os
import sys
from typing import Annotated, Any, NoReturn

import typer
from rich.markup import escape

from ohmgrad import __version__
from ohmgrad.cli.atlas import advise_command, atlas_command
from ohmgrad.cli.chips import chips_command
from ohmgrad.cli.console import err, say
from ohmgrad.cli.cost import cost_command, ledger_command
from ohmgrad.cli.devices import devices_app
from ohmgrad.cli.plugins import Extensible
from ohmgrad.cli.recipes import recipes_command, report_command
from ohmgrad.cli.scaling import scaling_command
from ohmgrad.cli.serve import serve_command
from ohmgrad.cli.spice import spice_command
from ohmgrad.cli.study import study_app
from ohmgrad.cli.train import train_command
from ohmgrad.errors import InputError

app = typer.Typer(
    cls=Extensible,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    help="""
Train neural networks without backpropagation on simulated memristor crossbars, and price the training.

[bold]Start here[/bold]

  ohmgrad train braille                  train 64 Braille words on 3 chips
  ohmgrad recipes --fields               list all fields of a recipe
  ohmgrad recipes braille > mine.yaml    copy a recipe, to edit it
  ohmgrad train mine.yaml --out mine     train your copy
  ohmgrad train braille --set "hardware.without=\\[adc]"   with an ideal ADC
  ohmgrad cost braille                   price a recipe without training it
  ohmgrad devices list                   list the memristors
  ohmgrad study plan tolerance           compare rules under hardware limits
  ohmgrad limits                         what accuracy costs in general

A run's folder contains report.html, metrics.csv, ledger.json, emissions.csv,
weights.safetensors and chips.safetensors.
""",
)
app.command("train")(train_command)
app.command("recipes")(recipes_command)
app.command("report")(report_command)
app.command("cost")(cost_command)
app.command("ledger")(ledger_command)
app.command("chips")(chips_command)
app.command("scaling")(scaling_command)
app.command("atlas")(atlas_command)
app.command("advise")(advise_command)
app.command("spice")(spice_command)
app.command("serve")(serve_command)
app.add_typer(devices_app, name="devices")
app.add_typer(study_app, name="study")


_UsageError: Any = typer.BadParameter.__base__  # typer exports this one of its kind only


def main() -> None:
    """Run the program. An error in the input or output is one sentence on standard error, with exit code 2."""
    gc.set_threshold(100_000)  # imported modules are not garbage; collecting them takes a fifth of the start-up time
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # titles may hold characters outside the terminal's encoding
    try:
        try:
            code = app(standalone_mode=False)
        finally:
            sys.stdout.flush()
    except InputError as error:
        _stop(error)
    except _UsageError as error:
        where = f" (see {error.ctx.command_path} --help)" if error.ctx else ""
        _stop(InputError(f"{error.format_message().removesuffix('.')}{where}"))
    except typer.Abort:  # Ctrl-C
        say("interrupted", err)
        sys.exit(130)
    except OSError as error:
        _stop_at_own_module(error)
        if error.filename is not None:
            _stop(InputError(f"{error.filename} cannot be used ({error.strerror})"))
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # so that flushing at exit does not fail again
        if isinstance(error, BrokenPipeError):
            sys.exit(1)
        _stop(InputError(f"standard output cannot be written ({error.strerror})"))
    except Exception as error:
        _stop_at_own_module(error)
        raise
    sys.exit(code if isinstance(code, int) else 0)


def _stop_at_own_module(error: Exception) -> None:
    """Stop where a module of the user's own has raised it: he is told the line, not how we came there."""
    custom = sys.modules.get("ohmgrad.parts.custom")  # without it there is no such module
    if custom is not None and (fault := custom.fault(error)):
        _stop(InputError(fault))


def _stop(error: InputError) -> NoReturn:
    say(f"[red]error:[/red] {escape(str(error))}", err)
    sys.exit(2)


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.", is_eager=True)] = False,
) -> None:
    if version:
        print(f"ohmgrad {__version__}")
        raise typer.Exit
