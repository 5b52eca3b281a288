"""Oracle: what `ohmgrad limits --help` promises; every fault one sentence, exit code 2, nothing written."""

import json
import math
import re
import subprocess
import sys
import xml.etree.ElementTree
from html.parser import HTMLParser

import pytest

from ohmgrad_limits.claims.simulation import Variation
from ohmgrad_limits.forecast import Outcome
from ohmgrad_limits.show import tables
from ohmgrad_limits.show.tables.forecasts import _gain

IMAGENET = ["--benchmark", "imagenet"]
TARGET = [*IMAGENET, "--error", "0.05"]


def numbers(content):
    """Every number of a JSON object; NaN and infinity are refused where they stand."""
    found = json.loads(content, parse_constant=lambda word: pytest.fail(f"{word} in JSON"))
    stack, values = [found], []
    while stack:
        each = stack.pop()
        stack += each.values() if isinstance(each, dict) else each if isinstance(each, list) else []
        values += [each] if isinstance(each, float) else []
    assert all(map(math.isfinite, values))
    return found


def test_forecast_json_has_what_is_promised(ohmgrad_here):
    shown = numbers(ohmgrad_here("limits", "forecast", *TARGET, "--conversion", "legacy", "--json").stdout)
    for quantity in ("flop", "usd", "kg_co2e", "joules"):
        assert shown[quantity]["low"] < shown[quantity]["nominal"] < shown[quantity]["high"]
    assert shown["model"] == "polynomial" and shown["measure"] == "hardware-burden" and shown["n"] == 36
    assert "Fieller" in shown["interval"] and round(shown["r_squared"], 3) == 0.766
    assert (
        round(math.log10(shown["flop"]["nominal"]), 1) == 26.3 and round(math.log10(shown["usd"]["nominal"]), 1) == 9.5
    )
    assert {claim["verdict"] for claim in shown["claims"]} == {"differs"}
    assert [round(share, 2) for share in shown["prediction"]["held_later"].values()] == [0.65, 0.9, 0.8]
    assert "contained 65 % (fit before 2019), 90 % (fit before 2020)" in " ".join(shown["notes"])


def test_unbounded_is_null_in_json_and_a_word_on_screen(ohmgrad_here):
    target = ["limits", "forecast", "--benchmark", "wmt-en-fr", "--error", "0.3"]
    shown = numbers(ohmgrad_here(*target, "--json").stdout)
    assert shown["flop"]["low"] is None is shown["flop"]["high"] and shown["flop"]["nominal"] > 1e30
    text = ohmgrad_here(*target).stdout
    assert text.count("unbounded") > 5 and "nan" not in text


def test_fit_shows_the_regressions(ohmgrad_here):
    shown = numbers(ohmgrad_here("limits", "fit", "--json").stdout)
    assert len(shown["fits"]) == 24 and {each["n"] for each in shown["fits"]} >= {110, 77, 36, 102}
    shown = numbers(ohmgrad_here("limits", "fit", *IMAGENET, "--measure", "network-operations", "--json").stdout)
    assert round(shown["quantile"]["slope"], 4) == -0.0841
    assert round(shown["time"]["years_per_tenfold"]["nominal"], 2) == 2.55
    assert {each["model"] for each in shown["comparison"]["models"]} == {"polynomial", "exponential"}
    assert (
        numbers(ohmgrad_here("limits", "fit", "--benchmark", "squad", "--json").stdout)["details_of"]
        == "hardware-burden"
    )
    text = ohmgrad_here("limits", "fit", *IMAGENET).stdout
    assert "consolidated" in text and "best 10 %" in text and "AIC" in text


@pytest.mark.parametrize("errors", ["HC0", "HC3", "huber"])
def test_options_of_fits_and_forecasts(errors, ohmgrad_here):
    shown = numbers(ohmgrad_here("limits", "forecast", *TARGET, "--errors", errors, "--frontier", "--json").stdout)
    assert shown["fit"]["errors"] == errors and shown["fit"]["frontier"] and shown["n"] == 13
    assert any("frontier" in note for note in shown["notes"])
    assert ohmgrad_here("limits", "fit", *IMAGENET, "--errors", errors).returncode == 0


def test_data_lists_sources_licences_counts_and_mismatches(ohmgrad_here):
    shown = numbers(ohmgrad_here("limits", "data", "--json").stdout)
    licences = {source["licence"]: source["rows"] for source in shown["sources"]}
    assert licences == {"GPL-3.0-only": 516, "CC-BY-4.0": 895, "Apache-2.0": 1556}
    imagenet = shown["benchmarks"][0]
    assert imagenet["models"] == 208 and imagenet["hardware-burden"] == 36
    text = ohmgrad_here("limits", "data").stdout
    assert "69 of 73" in text and "ConvNeXt-XL" in text and "GPL-3.0-only" in text


def test_levers_and_claims(ohmgrad_here):
    own = ["--chip-ratio", "12000", "--chip-source", "my run", "--quantity", "kg_co2e", "--clean-grid", "FRA"]
    shown = numbers(ohmgrad_here("limits", "levers", *TARGET, *own, "--json").stdout)
    gains = {lever["name"]: lever["gain"] for lever in shown["levers"]}
    assert gains["memristor arithmetic"]["nominal"] == 12_000 and gains["memristor arithmetic"]["source"] == "my run"
    assert "grid of France" in gains and shown["quantity"] == "kg_co2e"
    assert "never" in ohmgrad_here("limits", "levers", *TARGET).stdout
    claims = numbers(ohmgrad_here("limits", "claims", "--json").stdout)["claims"]
    assert {each["verdict"] for each in claims} == {"reproduced", "differs", "cannot be checked"}
    text = ohmgrad_here("limits", "claims").stdout
    assert "reproduced" in text and "excluded" in text


@pytest.mark.parametrize(
    ("gain", "yearly", "said"), [(5.0, 1.0, "5"), (1.0, 1.68, "1.68 a year"), (2.0, 1.68, "2, 1.68 a year")]
)
def test_a_lever_says_what_it_gains_at_once_and_every_year(gain, yearly, said):
    assert _gain(Outcome("lever", gain, yearly, {}, {}, {})) == said


def test_models_that_never_overtake_say_so():
    """Overtaken at 300 samples and 2e6 FLOP by the one, never by the other."""
    grid = tables.variations([Variation("noise", 0.5, {"flexible": None, "regularised": (300.0, 2e6)})])
    assert grid.rows[0][:4] == ("noise", "0.5", "never", "") and grid.rows[0][4] == "300"


@pytest.fixture
def narrow(monkeypatch):
    from ohmgrad.cli.console import out

    monkeypatch.setattr(out, "_width", 80)


@pytest.mark.parametrize(
    "command", [["fit"], ["fit", *IMAGENET], ["forecast", *TARGET], ["levers", *TARGET], ["claims"]]
)
def test_tables_fold_and_lose_nothing(command, narrow, ohmgrad_here):
    text = ohmgrad_here("limits", *command).stdout
    assert max(map(len, text.splitlines())) <= 80 and "…" not in text
    if command[0] == "fit":
        for value in ("10.7", "12.2", "2.9e-12", "-20.9761", "hardware-"):
            assert value in text.split()
    else:
        assert "1 " in [line[:2] for line in text.splitlines()]
    folded = " ".join(text.split())
    assert {
        "fit": "log10(1/error) = a + b log10 FLOP",
        "forecast": "assumption for hours and years beside the mean",
        "levers": "11x over 2012-2019 (Hernandez & Brown), taken as computation per money and per energy",
        "claims": "a statement of theory; `ohmgrad limits simulate` shows the k² of data",
    }[command[0]] in folded


def test_a_table_wider_than_the_console_keeps_its_numbers(narrow, monkeypatch, ohmgrad_here):
    from ohmgrad.cli.console import out

    monkeypatch.setattr(out, "_width", 40)
    assert {"10.7", "12.2", "2.9e-12"} <= set(ohmgrad_here("limits", "fit").stdout.split())


def test_levers_say_rates_and_no_year_that_nothing_bounds(ohmgrad_here):
    assert "1.68 a year" in ohmgrad_here("limits", "levers", *TARGET).stdout
    text = ohmgrad_here("limits", "levers", "--benchmark", "wmt-en-fr", "--error", "0.3").stdout
    assert "unbounded" in text.split("Under each lever")[1] and "(never – never)" not in text


def test_the_frontier_leaves_the_other_fits_to_all_models(ohmgrad_here):
    text = ohmgrad_here("limits", "fit", *IMAGENET, "--frontier").stdout
    assert "Regressions on the frontier" in text and text.count("ImageNet, all models: ") == 2


def test_bare_it_explains_itself(ohmgrad_here):
    done = ohmgrad_here("limits")
    assert done.returncode == 0 and "Start here" in done.stdout and done.stderr == ""


def test_simulate(ohmgrad_here, tmp_path):
    small = ["--features", "30", "--simulations", "20", "--sizes", "20,50,1e3"]
    done = ohmgrad_here("limits", "simulate", "x-ray", *small, "--out", "x.svg", "--json", cwd=tmp_path)
    shown = numbers(done.stdout)
    assert [curve["model"] for curve in shown["curves"]] == ["oracle", "expert", "flexible", "regularised"]
    assert shown["curves"][0]["sizes"] == [20, 50, 1000] and shown["unsolved"] == 0
    xml.etree.ElementTree.fromstring((tmp_path / "x.svg").read_text())


class _Page(HTMLParser):
    """What a page loads from elsewhere, and its headings."""

    def __init__(self):
        super().__init__()
        self.loaded, self.headings, self.svgs, self._in = [], [], 0, ""

    def handle_starttag(self, tag, attrs):
        self._in = tag
        self.svgs += tag == "svg"
        self.loaded += [
            value for name, value in attrs if name in ("src", "href") and value and not value.startswith("#")
        ]

    def handle_data(self, data):
        if self._in == "h2":
            self.headings.append(data.strip())


def test_report_is_one_self_contained_page_and_pictures(ohmgrad, tmp_path):
    done = ohmgrad("limits", "report", "--pictures", "pics", "--json", cwd=tmp_path)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    written = json.loads(done.stdout)
    assert written["report"] == "limits.html" and len(written) == 8
    found = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {str(path.relative_to(tmp_path)) for path in found} == set(written.values())
    for name in set(written.values()) - {"limits.html"}:
        xml.etree.ElementTree.fromstring((tmp_path / name).read_text())
    text = (tmp_path / "limits.html").read_text()
    page = _Page()
    page.feed(text)
    assert page.loaded == [] and page.svgs == 7
    assert "Forecasts" in page.headings and "What would lower the cost" in page.headings
    assert "unbounded" in text and "nan" not in re.sub(r"<svg.*?</svg>", "", text, flags=re.S).lower().split()
    for licence in ("GPL-3.0", "CC-BY-4.0", "Apache-2.0"):
        assert licence in text


MINE = "model,error,year,hardware_burden_flop\n"
ROWS = "a,0.5,2019,1e18\nb,0.4,2020,1e19\nc,0.35,2020,1e20\nd,0.3,2021,1e21\n"


def test_ones_own_table(ohmgrad_here, tmp_path):
    (tmp_path / "mine.csv").write_text(MINE + ROWS)
    own = ["--benchmark", "mine.csv"]
    assert numbers(ohmgrad_here("limits", "data", *own, "--json", cwd=tmp_path).stdout)["benchmarks"][0]["models"] == 4
    assert "Derived columns" not in ohmgrad_here("limits", "data", *own, cwd=tmp_path).stdout
    fitted = numbers(ohmgrad_here("limits", "fit", *own, "--json", cwd=tmp_path).stdout)
    assert len(fitted["fits"]) == 2 and fitted["time"]["n"] == 4
    for command in ("forecast", "levers"):
        done = ohmgrad_here("limits", command, *own, "--error", "0.2", "--json", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        numbers(done.stdout)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.csv"]


@pytest.mark.parametrize(
    "rows",
    [
        "".join(
            f"m{n},{0.5 * 10 ** (-0.1 * n)},{2015 + n},1e{18 + n}\n" for n in range(6)
        ),  # on one line, year with FLOP
        "a,0.5,2015,1e18\nb,0.45,2016,1e19\nc,0.3,2017,1e20\n",
        "a,0.2,2015,1e18\nb,0.25,2016,1e19\nc,0.28,2016,1e20\nd,0.35,2018,1e21\n",  # more took more errors
        "a,0.5,,1e18\nb,0.45,,1e19\nc,0.3,,1e20\nd,0.29,,1e21\n",
    ],
    ids=["perfect", "three", "rising", "undated"],
)
def test_tables_at_the_edge_of_what_a_line_can_say(rows, ohmgrad_here, tmp_path):
    (tmp_path / "imagenet.csv").write_text(MINE + rows)
    own = ["--benchmark", "imagenet.csv"]
    fitted = ohmgrad_here("limits", "fit", *own, "--json", cwd=tmp_path)
    assert fitted.returncode == 0, fitted.stderr
    numbers(fitted.stdout)
    for options in ([], ["--errors", "huber"], ["--frontier", "--errors", "HC3"]):
        done = ohmgrad_here("limits", "forecast", *own, "--error", "0.15", *options, "--json", cwd=tmp_path)
        if "--frontier" in options and done.returncode:
            check_sentence(done, "a line needs 3 models")  # one or two models beat all others
        else:
            assert numbers(done.stdout)["claims"] == []  # what was said of ImageNet was not said of this table
    done = ohmgrad_here("limits", "levers", *own, "--error", "0.15", "--from-year", "2020", "--json", cwd=tmp_path)
    numbers(done.stdout)


TABLES = {
    "a column twice": ("model,error,error,hardware_burden_flop\na,0.5,0.4,1e18\n", "column 'error' appears twice"),
    "no error column": ("model,year,hardware_burden_flop\na,2020,1e18\n", "column 'error' is missing"),
    "no computation": ("model,error\na,0.5\n", "no column of computation"),
    "text for a number": (MINE + "a,0.5,2020,1e18\nb,0.4,2020,lots\n", "row 2, hardware_burden_flop: 'lots'"),
    "percent for a share": (MINE + "a,50,2020,1e18\n", "row 1, error: '50' is not a fraction"),
    "negative": (MINE + "a,0.5,2020,-1\n", "'-1' is not a number above 0"),
    "not a number": (MINE + "a,nan,2020,1\n", "is not a fraction"),
    "infinite": (MINE + "a,0.5,2020,inf\n", "is not a number above 0"),
    "out of all proportion": (MINE + "a,0.5,2020,1e300\n", "up to 1e+90"),
    "no error to speak of": (MINE + "a,1e-300,2020,1e18\n", "is not a fraction"),
    "empty": ("", "column 'model' is missing"),
    "header only": (MINE, "no models in it"),
    "all the same": (MINE + "a,0.5,2020,1e18\nb,0.5,2020,1e19\nc,0.5,2020,1e20\n", "have the same"),
    "two models": (MINE + ROWS[: ROWS.index("c,")], "has 2 models"),
    "one computation": (MINE + "a,0.5,2020,1e18\nb,0.4,2020,1e18\nc,0.3,2020,1e18\n", "needs 3 models of different"),
    "two benchmarks": ("benchmark,model,error,hardware_burden_flop\nx,a,0.5,1e18\ny,b,0.4,1e19\n", "one per table"),
    "not UTF-8": (b"model,error\xff\n", "not UTF-8"),
    "a quote left open": ('model,error,hardware_burden_flop\n"a,0.5,1e18\n', "has 0 models"),
    "markup": ("model,error,hardware_burden_flop\n[/x],[/x],1\n", "row 1, error: '[/x]'"),
}


@pytest.mark.parametrize("fault", TABLES)
def test_tables_that_are_none(fault, ohmgrad_here, tmp_path):
    content, says = TABLES[fault]
    (tmp_path / "mine.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    result = ohmgrad_here("limits", "forecast", "--benchmark", "mine.csv", "--error", "0.2", cwd=tmp_path)
    check_sentence(result, says)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.csv"]


EXTREMES = [
    ["forecast", *IMAGENET, "--error", "1e-12"],
    ["forecast", *IMAGENET, "--error", "1e-12", "--model", "exponential"],
    ["forecast", *TARGET, "--level", "0.999999", "--pue", "1e12", "--usd-per-hour", "1e12"],
    ["forecast", *TARGET, "--level", "1e-6", "--utilisation", "1e-12"],
    ["levers", *TARGET, "--budget", "1e-300", "--halving-months", "0.1", "--chip-ratio", "1e12"],
    ["levers", *TARGET, "--budget", "1e300", "--doubling-months", "1e300"],
    ["levers", "--benchmark", "wmt-en-de", "--error", "1e-12", "--model", "exponential"],
]


@pytest.mark.parametrize("arguments", EXTREMES, ids=" ".join)
def test_allowed_extremes_stay_numbers(arguments, ohmgrad_here):
    for options in ([], ["--json"]):
        done = ohmgrad_here("limits", *arguments, *options)
        assert done.returncode == 0, done.stderr
        assert max(map(len, done.stdout.split()), default=0) < 120 and "nan" not in done.stdout.lower().split()
    numbers(done.stdout)


FAULTS = {
    "unknown benchmark": (["forecast", "--benchmark", "imagnet", "--error", "0.05"], "did you mean 'imagenet'"),
    "no such file": (["forecast", "--benchmark", "none.csv", "--error", "0.05"], "none.csv cannot be read"),
    "percent": (["forecast", *IMAGENET, "--error", "5"], "5 % is 0.05"),
    "zero": (["forecast", *IMAGENET, "--error", "0"], "above 0"),
    "not a number": (["forecast", *IMAGENET, "--error", "nan"], "error: an error of nan is not a fraction"),
    "above the data": (["forecast", *IMAGENET, "--error", "0.9"], "up to 0.367"),
    "another measure": (
        ["levers", "--benchmark", "imagenet-timm", "--error", "0.05"],
        "needed: 3; it has 1556 with operations-per-pass",
    ),
    "unknown law": (["forecast", *TARGET, "--model", "linear"], "known: exponential, polynomial"),
    "unknown measure": (["forecast", *TARGET, "--measure", "flops"], "known: consolidated"),
    "unknown errors": (["forecast", *TARGET, "--errors", "white"], "HC3"),
    "level": (["forecast", *TARGET, "--level", "95"], "95 % is 0.95"),
    "unknown conversion": (["forecast", *TARGET, "--conversion", "tody"], "did you mean 'today'"),
    "unknown processor": (["forecast", *TARGET, "--processor", "h100"], "h100-sxm"),
    "unknown precision": (["forecast", *TARGET, "--precision", "fp4"], "allowed: fp32"),
    "unknown region": (["forecast", *TARGET, "--region", "Atlantis"], "region"),
    "rent of nothing": (["forecast", *TARGET, "--usd-per-hour", "0"], "usd_per_hour: 0; allowed: above 0"),
    "a building that makes power": (["forecast", *TARGET, "--pue", "0.5"], "pue: 0.5; allowed: 1 or more"),
    "more than the peak": (["forecast", *TARGET, "--utilisation", "1.5"], "up to 1"),
    "constants changed": (["forecast", *TARGET, "--conversion", "legacy", "--pue", "1.1"], "are fixed"),
    "unknown quantity": (["levers", *TARGET, "--quantity", "joule"], "did you mean 'joules'"),
    "budget": (["levers", *TARGET, "--budget", "-1"], "budget: -1; allowed: above 0"),
    "halving": (["levers", *TARGET, "--halving-months", "0"], "halving_months"),
    "ratio": (["levers", *TARGET, "--chip-ratio", "0"], "chip_ratio"),
    "clean grid": (["levers", *TARGET, "--clean-grid", "XX"], "three letters"),
    "quantile": (["fit", *IMAGENET, "--quantile", "1"], "quantile: 1"),
    "year": (["fit", *IMAGENET, "--year", "1900"], "0 models before 1900"),
    "an error of nothing": (["forecast", *IMAGENET, "--error", "1e-300"], "is not a fraction"),
    "rent out of all proportion": (["forecast", *TARGET, "--usd-per-hour", "1e300"], "1e-12 to 1e12"),
    "utilisation of nothing": (["forecast", *TARGET, "--utilisation", "1e-300"], "1e-12 to 1e12"),
    "start of progress": (["levers", *TARGET, "--from-year", "nan"], "from_year: nan"),
    "ratio out of all proportion": (["levers", *TARGET, "--chip-ratio", "1e300"], "1e-12 to 1e12"),
    "no such runs": (["fit", "nowhere"], "nowhere contains no finished run"),
    "runs and benchmark": (["fit", "nowhere", *IMAGENET], "allowed: one of them"),
    "nothing to fill from": (["fit", "--benchmark", "squad", "--measure", "consolidated"], "SQuAD 1.1 has 0"),
    "unknown example": (["simulate", "xray"], "did you mean 'x-ray'"),
    "legacy constants elsewhere": (
        ["forecast", "--benchmark", "imagenet", "--error", "0.05", "--conversion", "legacy", "--region", "DEU"],
        "region: the legacy constants are fixed",
    ),
    "points of no runs": (["fit", "--points", "final"], "allowed with RUNS"),
    "sizes that are no whole numbers": (["simulate", "--sizes", "20.7"], "whole numbers of samples"),
    "sizes": (["simulate", "--sizes", "a,b"], "allowed: whole numbers of samples"),
    "sizes without end": (["simulate", "--sizes", "inf"], "allowed: whole numbers of samples"),
    "noise": (["simulate", "--noise", "0"], "noise: 0.0; allowed: from 1e-6"),
    "picture": (["simulate", "--out", "x.png"], "must end in .svg"),
    "page": (["report", "--out", "x.pdf"], "must end in .html"),
    "folder of pictures": (["report", "--pictures", "/dev/null/none"], "cannot be created"),
    "folder": (["report", "--out", "none/x.html"], "there is no folder none"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_one_sentence(fault, ohmgrad_here, tmp_path):
    arguments, says = FAULTS[fault]
    check_sentence(ohmgrad_here("limits", *arguments, cwd=tmp_path), says)
    assert list(tmp_path.iterdir()) == []


def check_sentence(result, says):
    assert result.returncode == 2 and result.stdout == "", result.stdout
    assert says in result.stderr and len(result.stderr.strip().splitlines()) == 1, result.stderr


def test_help_teaches_and_needs_neither_jax_nor_statsmodels(ohmgrad_here):
    text = ohmgrad_here("limits", "--help").stdout
    assert "ohmgrad limits report" in text and "unbounded" in text
    for command in ("data", "fit", "forecast", "levers", "claims", "simulate", "report"):
        text = ohmgrad_here("limits", command, "--help").stdout
        assert "Example" in text and "--json" in text
    rooms = ("data", "fit", "forecast", "claims", "show")
    run(
        "from ohmgrad_limits import cli", "jax", "statsmodels", "sklearn", *(f"ohmgrad_limits.{room}" for room in rooms)
    )


def test_the_analysis_stands_apart():
    """No chip, and no JAX: only the ground floor and the footprint."""
    made = "forecast.forecast_target(fit.fit_law(data.load('imagenet')), 0.05, forecast.today('hardware-burden'))"
    rooms = ("devices", "crossbar", "synapses", "networks", "rules", "training", "ledger", "recipes", "runs", "report")
    run(
        f"from ohmgrad_limits import claims, data, fit, forecast; {made}; claims.judged()",
        *("jax", "sklearn", "matplotlib", "ohmgrad.cli", *(f"ohmgrad.{room}" for room in rooms)),
    )


def run(script, *forbidden):
    script = f"import sys; {script}; sys.exit(str([name for name in {forbidden} if name in sys.modules] or ''))"
    done = subprocess.run([sys.executable, "-c", script], check=False, capture_output=True, text=True)
    assert done.stderr.strip() == "", done.stderr
