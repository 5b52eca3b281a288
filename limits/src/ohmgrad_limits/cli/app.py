"""The group of commands, registered as entry point `limits` of `ohmgrad.commands`."""

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

The package contains published models of six benchmarks: imagenet, coco,
squad, conll, wmt-en-fr, wmt-en-de. A scaling law is a straight line through
them: log10(1/error) (polynomial) or 1/error (exponential) against log10 FLOP.
A forecast is the computation at which the line reaches an error, with
intervals for the mean line and for one new model. An interval is unbounded if
the slope does not differ significantly from 0. A multiply-add is two FLOP.

[bold]Start here[/bold]

  ohmgrad limits forecast --benchmark imagenet --error 0.05   cost of 5 %
  ohmgrad limits levers --benchmark imagenet --error 0.05     what lowers it
  ohmgrad limits data               the data, their sources and licences
  ohmgrad limits fit                all regressions
  ohmgrad limits fit runs/*         scaling laws of your own runs
  ohmgrad limits claims             published claims, checked against the data
  ohmgrad limits simulate           flexible models against an expert
  ohmgrad limits report             everything on one page, limits.html
""",
)
app.command("data")(data_command)
app.command("fit")(fit_command)
app.command("forecast")(forecast_command)
app.command("levers")(levers_command)
app.command("claims")(claims_command)
app.command("simulate")(simulate_command)
app.command("report")(report_command)
