"""The group of commands, which the entry point `limits` of `ohmgrad.commands` hands to ohmgrad's terminal."""

import typer

from ohmgrad.cli.console import Explained
from ohmgrad_limits.cli.claims import claims_command
from ohmgrad_limits.cli.data import data_command
from ohmgrad_limits.cli.fit import fit_command
from ohmgrad_limits.cli.forecast import forecast_command
from ohmgrad_limits.cli.levers import levers_command
from ohmgrad_limits.cli.report import report_command
from ohmgrad_limits.cli.simulate import simulate_command

app = typer.Typer(
    cls=Explained,
    rich_markup_mode="rich",
    help="""
What accuracy costs: the computation, money, energy and carbon of a lower error.

Published models of six benchmarks come with their sources: imagenet, coco,
squad, conll, wmt-en-fr, wmt-en-de. A scaling law is a straight line through
them: log10(1/error) (polynomial) or 1/error (exponential) against log10 FLOP.
A forecast is where the line reaches an error, with the interval in which the
line, or one new model, may do so. Where the data cannot tell the slope from 0,
that interval is unbounded and says so. A multiply-add is two FLOP.

[bold]Start here[/bold]

  ohmgrad limits forecast --benchmark imagenet --error 0.05   what 5 % takes
  ohmgrad limits report             everything on one page, limits.html
  ohmgrad limits data               what is known, from where, its licence
  ohmgrad limits fit                every regression
  ohmgrad limits levers --benchmark imagenet --error 0.05     what changes it
  ohmgrad limits claims             what was said, and what the data say
  ohmgrad limits simulate           why flexible models take so much
  ohmgrad limits fit runs/*         the scaling of your own runs
""",
)
app.command("data")(data_command)
app.command("fit")(fit_command)
app.command("forecast")(forecast_command)
app.command("levers")(levers_command)
app.command("claims")(claims_command)
app.command("simulate")(simulate_command)
app.command("report")(report_command)
