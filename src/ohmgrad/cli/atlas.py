"""`ohmgrad atlas` and `ohmgrad advise`: what comes out on published devices, and what suits a device."""

from typing import Annotated, Any

import typer

from ohmgrad.cli.console import AsJson, bars, out, print_json, tell_jax

Device = Annotated[str | None, typer.Option(help="Only this device.")]
Network = Annotated[str | None, typer.Option(help="Only this network.")]
Rule = Annotated[str | None, typer.Option(help="Only this rule.")]
Task = Annotated[str | None, typer.Option(help="Only this task.")]


def atlas_command(
    device: Device = None, network: Network = None, rule: Rule = None, task: Task = None, as_json: AsJson = False
) -> None:
    """Show what rules and networks come to on published devices, equally tuned, from the shipped results.

    Examples:

      ohmgrad atlas
      ohmgrad atlas --device taox-1t1r
      ohmgrad atlas --rule backpropagation --json
    """
    from ohmgrad.report import atlas as report
    from ohmgrad.studies import atlas

    found: Any = atlas.chosen(device=device, network=network, rule=rule, task=task)
    if as_json:
        print_json({"atlas": atlas.about(), "rows": found.astype(object).where(found.notna(), None).to_dict("records")})
        return
    report.show(out, found, atlas.about())


def advise_command(
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="A shipped device, or the path of a YAML file.")],
    task: Annotated[str, typer.Option(help="A task of the atlas.")] = "braille",
    check: Annotated[bool, typer.Option("--check", help="Train the first choices, five chips each.")] = False,
    as_json: AsJson = False,
) -> None:
    """Advise a rule, network and way of writing for a device, what to expect, and what to improve in it first.

    The advice comes from the atlas: accuracies on its devices, weighted by their
    similarity to this one.

    Examples:

      ohmgrad advise aihwkit-reram-sb
      ohmgrad advise my-device.yaml --check
    """
    tell_jax()
    from ohmgrad.report import atlas as report
    from ohmgrad.studies import atlas

    advice = atlas.advise(device, task)
    if check:
        advice["check"] = _checked(device, task, advice["choices"])
    if as_json:
        print_json(advice)
        return
    report.show_advice(out, advice)


def _checked(device: str, task: str, choices: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Train the choices."""
    import ohmgrad
    from ohmgrad.studies import atlas

    found = []
    with bars("trainings") as shown:
        bar = shown.add_task("check", total=len(choices))
        for choice in choices:
            result = ohmgrad.run(atlas.recipe(device, task, choice))
            measured = result.accuracy["crossbar"]
            names = {name: choice[name] for name in ("rule", "network", "scheme")}
            found.append(names | {"accuracy": measured.mean, "low": measured.low, "high": measured.high})
            shown.advance(bar)
    return found
