"""`ohmgrad serve`: answer requests with trained runs, over HTTP."""

import base64
import io
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from ohmgrad.cli.console import AsJson, say, tell_jax
from ohmgrad.errors import InputError

if TYPE_CHECKING:
    from ohmgrad.serve import Address, Server


def serve_command(
    run: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[RUN]...", help="Folders of finished runs, or of versions named 1, 2, ... of one."),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="serve.yaml: models, scenarios, limits; changes are applied.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address; others than this machine's own need a token.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0: any that is free.")] = 8000,
    token_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File with the token; else OHMGRAD_TOKEN holds it.")
    ] = None,
    token_for_all: Annotated[
        bool,
        typer.Option("--token-for-all", help="Ask for the token in every request, not only in changes."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Answer requests with trained runs: the Open Inference Protocol (/v2), /v1/predict, a page, /metrics.

    Requests are answered in batches. Models can be loaded, swapped and rolled back while serving, and chosen by
    scenario. Ctrl-C or SIGTERM ends it when all that waits is answered.

    Examples:

      ohmgrad serve runs/braille
      ohmgrad serve runs/braille runs/mnist --port 9000
      ohmgrad serve --config serve.yaml
    """
    tell_jax(devices=1)
    try:
        from ohmgrad import serve
    except ModuleNotFoundError as error:
        raise InputError(f"serving needs {error.name}; pip install 'ohmgrad[serve]'") from None

    settings = serve.ServeSettings.model_validate({}) if config is None else serve.load(config)
    named = serve.of_runs(run or [])
    if not (named or settings.models or settings.repository):
        raise InputError("RUN: nothing to serve; give the folder of a finished run, or --config with models")
    protects = "all" if token_for_all else "changes"
    address = serve.Address(host, port, serve.token(token_file), protects)
    if token_for_all and address.token is None:
        raise InputError("--token-for-all: there is no token; give --token-file, or the variable OHMGRAD_TOKEN")
    serve.run(settings, named, address, config, _tell_json if as_json else _tell)


def _told(server: "Server", address: "Address") -> dict[str, Any]:
    from ohmgrad.serve.friendly import described

    models = described(server)
    return {"url": address.url, "models": models, "curl": _curl(models, address)}


def _curl(models: list[dict[str, Any]], address: "Address") -> str:
    """A line that asks the first model, for a shell."""
    if not models:
        return f"curl {address.url}/v2"
    first = models[0]
    field = first["takes"][0]
    sample = {field: _example(field, first)}
    token = ' -H "Authorization: Bearer $OHMGRAD_TOKEN"' if address.protects == "all" else ""
    text = json.dumps({"model": first["name"]} | sample)
    return f"curl {address.url}/v1/predict{token} -d '{text}'"


def _example(field: str, model: dict[str, Any]) -> Any:
    """A sample of a model: a word, a picture of a vertical stroke, or zeros."""
    if field == "word":
        return (model["classes"] or ["ohm"])[0]
    if field != "image":
        return [0] * math.prod(model["shape"])
    from PIL import Image

    height, width, channels = model["shape"]
    content, picture = io.BytesIO(), Image.new("L" if channels == 1 else "RGB", (width, height))
    white = 255 if channels == 1 else (255,) * 3
    picture.paste(white, (width * 3 // 7, height // 7, width * 4 // 7, height * 6 // 7))
    picture.save(content, "PNG")
    return base64.b64encode(content.getvalue()).decode()


def _tell_json(server: "Server", address: "Address") -> None:
    print(json.dumps(_told(server, address)), flush=True)


def _tell(server: "Server", address: "Address") -> None:
    told = _told(server, address)
    for model in told["models"]:
        price = model["price"]
        chip = "" if price["joules"] is None else f"{price['joules']:.3g} J and {price['seconds']:.3g} s on the chip, "
        say(f"[bold]{escape(model['name'])}[/bold] version {model['version']}: {escape(model['title'])}")
        say(f"  {100 * model['right']:.1f} % right in its test; {model['checked']}")
        say(f"  an answer costs {chip}{price['gpu_joules']:.3g} J on an {escape(price['machine'])}")
    say(f"[bold]{told['url']}[/bold]  the page; {told['url']}/docs  the interface; Ctrl-C ends it")
    say(f"  {escape(told['curl'])}")
