"""Oracle: every fault is one sentence that names the field and what is allowed, exit code 2, and nothing is written."""

import json
import shutil

import numpy as np
import pytest
import yaml

from ohmgrad import chips

SET = "--set"
TWO_SIZES = [
    *("data.pad=2", "network.size=3", "network.padding=1", "network.kernels=[2,2,2]", "network.skips=[[1,3]]"),
    *("network.initial_gains=[1,1,1,1,1]", "rule.learning_rates=[1,1,1,1,1]"),
]
FAULTS = {
    "unknown recipe": (["train", "brail"], "did you mean 'braille'"),
    "no recipe": (["train"], "name a recipe"),
    "recipe file that is not there": (["train", "nowhere.yaml"], "nowhere.yaml cannot be read"),
    "unknown field": (["train", "braille", SET, "training.epocs=3"], "did you mean 'epochs'"),
    "unknown field of a union": (["train", "braille", SET, "network.hiden=[3]"], "did you mean 'hidden'"),
    "unknown field of a device": (
        ["train", "braille", SET, "hardware.device.read_volt=1"],
        "did you mean 'read_volts'",
    ),
    "unknown section": (["train", "braille", SET, "trainin.epochs=1"], "did you mean 'training'"),
    "field below a value": (["train", "braille", SET, "title.text=x"], "'title' has no fields"),
    "setting without a value": (["train", "braille", SET, "training.epochs"], "field.subfield=value"),
    "setting that is not YAML": (["train", "braille", SET, "training.epochs=[1"], "is not a YAML value"),
    "wrong type": (["train", "braille", SET, "training.epochs=many"], "training.epochs"),
    "fraction of an epoch": (["train", "braille", SET, "training.epochs=1.5"], "training.epochs"),
    "out of range": (["train", "braille", SET, "data.train_flips=0.7"], "less than or equal to 0.5"),
    "not a number": (["train", "braille", SET, "rule.strength=.nan"], "finite number"),
    "infinite": (["train", "braille", SET, "hardware.weight_max=[.inf,1]"], "finite number"),
    "unknown choice": (["train", "braille", SET, "rule.side=left"], "'positive', 'negative', 'centered' or 'random'"),
    "unknown kind": (["train", "braille", SET, "network.kind=resnet"], "network.kind: unknown kind 'resnet'"),
    "unknown effect": (["train", "braille", SET, "hardware.without=[adcs]"], "'adc'"),
    "unknown device": (["train", "braille", SET, "hardware.device.preset=taox-1t1"], "did you mean 'taox-1t1r'"),
    "unknown chip": (["train", "braille", SET, "ledger.chip=taox"], "did you mean 'taox-64x64'"),
    "unknown processor": (["train", "braille", SET, "ledger.gpu=h100"], "h100-sxm"),
    "range upside down": (["train", "braille", SET, "hardware.device.g_min_siemens=1"], "is not below g_max_siemens"),
    "too few learning rates": (["train", "braille", SET, "rule.learning_rates=[1.0,1,1]"], "needs 2 value(s)"),
    "nudge that turns the energy over": (["train", "braille", SET, "rule.strength=1.0"], "allowed: below 1"),
    "headline that is no level": (["train", "braille", SET, "evaluation.headline_level=0.11"], "is not one of levels"),
    "task and network that do not go together": (["train", "braille", SET, "data.answer=restore"], "does not go with"),
    "layer that no array fits": (["train", "braille", SET, "network.hidden=[64]"], "layer 2 (65 x 64"),
    "word too long": (["train", "braille", SET, "data.words=[ohm,extraordinary]"], "'extraordinary'"),
    "batch above the samples": (
        ["train", "braille", SET, "data.words=[ohm,volt]"],
        "training.batch: 64 is above the 16 samples of an epoch; allowed: 1 to 16",
    ),
    "price of a batch above the samples": (
        ["cost", "braille", SET, "data.words=[ohm,volt]"],
        "training.batch: 64 is above the 16 samples of an epoch; allowed: 1 to 16",
    ),
    "word twice": (["train", "braille", SET, "data.words=[ohm,ohm]"], "same word twice"),
    "bfloat16 on devices": (["train", "braille", SET, "rule.free.precision=bfloat16"], "allowed: float32"),
    "skip past no layer": (["train", "braille", SET, "network.skips=[[1,2]]"], "allowed: none to 2 layer(s)"),
    "skip between images of two sizes": (
        ["cost", "mnist-convolutional", *(part for setting in TWO_SIZES for part in (SET, setting))],
        "must lead to a layer of as high and wide images",
    ),
    "layer that is not there unpooled": (
        ["train", "mnist-convolutional", SET, "network.unpooled=[3]"],
        "allowed: 1 to 2",
    ),
    "single word": (["train", "braille", SET, "data.words=[ohm]"], "data.words"),
    "negative seed": (["train", "braille", "--seed", "-1"], "training.seed"),
    "data folder of an option": (["train", "mnist-hopfield", "--data-dir", "nowhere"], "--data-dir and OHMGRAD_DATA"),
    "data folder of a field": (
        ["train", "mnist-hopfield", SET, "data.folder=nowhere"],
        "nowhere does not exist; --data-dir and",
    ),
    "setting named by its option": (["train", "braille", SET, "training"], "--set training: write it as"),
    "chip named by its option": (["cost", "braille", "--chip", "taox"], "machine in --chip 'taox'"),
    "resume of nothing": (["train", "--resume", "nowhere"], "no run to continue"),
    "resume with settings": (["train", "braille", "--resume", "nowhere"], "omit RECIPE"),
    "report of nothing": (["report", "nowhere"], "no finished run"),
    "unknown recipe to print": (["recipes", "brail"], "did you mean 'braille'"),
    "offset above half the range": (
        ["train", "braille", SET, "hardware.mapping={kind: pair, offset_siemens: 1e-4}"],
        "half the range",
    ),
    "slices written by pulses": (
        ["train", "braille", SET, "hardware.mapping.kind=slices"],
        "allowed with mapping slices",
    ),
    "only and without": (
        ["train", "braille", SET, "hardware.only=[adc]", SET, "hardware.without=[dac]"],
        "only and without both given",
    ),
    "unknown write scheme": (["train", "braille", SET, "hardware.write.kind=tikitaka"], "'tiki-taka'"),
    "negative wire": (["train", "braille", SET, "hardware.wires={row_ohms: -1, column_ohms: 1}"], "row_ohms"),
    "no read voltage": (["train", "braille", SET, "hardware.device.read_volts=0"], "needs 0 < low"),
    "access in a passive array": (
        ["train", "braille", SET, "hardware.passive=true", SET, "hardware.access_ohms=100"],
        "no access transistor",
    ),
    "out of all proportion": (
        ["train", "braille", SET, "hardware.weight_max=[1e-30,1]"],
        "greater than or equal to 0.000001",
    ),
    "too many": (["train", "braille", SET, "evaluation.copies=1000000000"], "less than or equal to 100000"),
    "brackets": (["train", "braille", SET, "[/x]=1"], "unknown field '[/x]'"),
    "a setting twice over": (["train", "braille", SET, "training.epochs=1:30"], "training.epochs"),
    "weights of either sign on single conductances": (
        ["train", "braille", SET, "hardware.mapping.kind=direct"],
        "hardware.mapping.kind: direct devices hold no negative weights; allowed: pair, single, slices",
    ),
    "conductances on pairs": (
        ["train", "mnist-resistive-epiram", SET, "hardware.mapping.kind=pair"],
        "hardware.mapping: does not go with a resistive network; allowed: direct",
    ),
    "optimiser of conductances": (
        ["train", "mnist-resistive", SET, "training.optimiser.kind=sgd"],
        "a resistive network takes plain steps",
    ),
    "backpropagation through kernels": (
        ["train", "mnist-convolutional", SET, "backprop={initial_gains: [1], learning_rates: [1]}"],
        "backprop: network.kind 'convolutional-hopfield' has no feed-forward network of the same layers",
    ),
    "kernels on words": (["train", "mnist-convolutional", SET, "data={kind: braille}"], "is for data.kind 'images'"),
    "corruption of images": (
        ["train", "mnist-dfa", SET, "evaluation.copies=3"],
        "evaluation.copies is for corrupted code words",
    ),
    "rule of another network": (
        ["cost", "mnist-dfa", SET, "rule.kind=holomorphic-ep"],
        "rule.kind 'holomorphic-ep' does not go with network.kind 'feed-forward'; allowed: direct-feedback-alignment,",
    ),
    "modules that are no list": (["cost", "braille", SET, "modules=here"], "modules: input should be a valid list"),
    "unknown option": (["train", "braille", "--sed", "1"], "--sed"),
    "unknown command": (["trian", "braille"], "trian"),
}


def check(result, says):
    assert result.returncode == 2, result.stderr
    assert says in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.stderr


def check_sentence(result, says):
    check(result, says)
    assert len(result.stderr.strip().splitlines()) == 1


def check_fault(fault, command, folder):
    arguments, says = FAULTS[fault]
    result = command(*arguments, cwd=folder)
    (check if fault in ("unknown option", "unknown command") else check_sentence)(result, says)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_in_words_and_settings(fault, ohmgrad_here, tmp_path):
    check_fault(fault, ohmgrad_here, tmp_path)


@pytest.mark.parametrize(
    "fault", ["unknown recipe", "out of range", "layer that no array fits", "resume of nothing", "unknown option"]
)
def test_fault_in_a_process_of_its_own(fault, ohmgrad, tmp_path):
    check_fault(fault, ohmgrad, tmp_path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("title: [", "not YAML"),
        ("just words", "not a mapping"),
        ("title: x", "data: field required"),
        ("title: x\ntitle: y", "is given twice"),
        ("title: 2024-13-45", "data: field required"),
        ("[" * 5000, "not YAML"),
        ("- 1", "not a mapping"),
    ],
)
def test_recipe_files_that_are_no_recipes(content, says, ohmgrad_here, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(content)
    check_sentence(ohmgrad_here("train", path, cwd=tmp_path), says)
    assert [p.name for p in tmp_path.iterdir()] == ["mine.yaml"]


@pytest.mark.parametrize(
    ("entry", "says"),
    [(np.nan, "nan in row 2, column 3"), (0.5, "0.5 in row 2, column 3"), (np.inf, "inf in row 2, column 3")],
)
def test_data_with_entries_that_are_no_dots(entry, says, ohmgrad_here, tmp_path):
    table = np.where(np.eye(4, 6), 1.0, -1.0)
    table[1, 2] = entry
    np.save(tmp_path / "words.npy", table)
    recipe = yaml.safe_load(ohmgrad_here("recipes", "braille").stdout)
    recipe["data"] = {"kind": "patterns", "file": str(tmp_path / "words.npy")}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(recipe))
    check_sentence(ohmgrad_here("train", tmp_path / "mine.yaml", "--out", tmp_path / "run"), says)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("content", "says"), [(b"", "cannot be read"), (b"1,-1\n1\n", "cannot be read"), (b"1,-1\n", "at least two rows")]
)
@pytest.mark.parametrize("suffix", ["csv", "npy"])
def test_tables_that_are_none(content, says, suffix, ohmgrad_here, tmp_path):
    path = tmp_path / f"words.{suffix}"
    path.write_bytes(content)
    recipe = yaml.safe_load(ohmgrad_here("recipes", "braille").stdout)
    recipe["data"] = {"kind": "patterns", "file": str(path)}
    (tmp_path / "mine.yaml").write_text(yaml.safe_dump(recipe))
    result = ohmgrad_here("train", tmp_path / "mine.yaml", "--out", tmp_path / "run")
    check_sentence(result, "data.file" if suffix == "npy" or not content else says)


MACHINES = {
    "not YAML": ("a: [", "not YAML"),
    "not UTF-8": (b"\xff\xfe\x00", "not UTF-8"),
    "empty": ("", "mapping of fields"),
    "missing field": ("title: x", "field required"),
}


@pytest.mark.parametrize("fault", MACHINES)
@pytest.mark.parametrize(
    ("field", "named"),
    [("hardware.device.preset", "device"), ("ledger.chip", "ledger.chip"), ("ledger.gpu", "ledger.gpu")],
)
def test_own_devices_and_machines_that_are_none(fault, field, named, ohmgrad_here, tmp_path):
    content, says = MACHINES[fault]
    (tmp_path / "mine.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
    result = ohmgrad_here("train", "braille", SET, f"{field}={tmp_path}/mine.yaml", cwd=tmp_path)
    check_sentence(result, named)
    assert says in result.stderr
    assert [p.name for p in tmp_path.iterdir()] == ["mine.yaml"]


def test_allowed_extremes_stay_finite(ohmgrad, tmp_path):
    rates = [SET, "rule.learning_rates=[100,100]", SET, "backprop.learning_rates=[100,100]", SET, "rule.strength=1e-4"]
    sizes = [SET, "network.initial_gains=[100,100]", SET, "hardware.weight_max=[1e6,1e-6]"]
    result = ohmgrad("train", "braille", *rates, *sizes, SET, "training.epochs=5", "--json", "--out", tmp_path / "run")
    assert result.returncode == 0, result.stderr
    json.loads(result.stdout, parse_constant=lambda word: pytest.fail(f"{word} in the results"))
    assert "nan" not in (tmp_path / "run" / "metrics.csv").read_text()


def test_folders_that_cannot_be_used(ohmgrad_here, tmp_path):
    (tmp_path / "file").write_text("mine")
    check_sentence(ohmgrad_here("train", "braille", "--out", tmp_path / "file"), "is not an empty folder")
    check_sentence(ohmgrad_here("train", "braille", "--out", tmp_path / "file" / "run"), "cannot be created")
    check_sentence(ohmgrad_here("train", "braille", "--out", "/proc/ohmgrad"), "cannot be created")
    check_sentence(ohmgrad_here("train", "braille", "--out", tmp_path), "is not an empty folder")
    assert (tmp_path / "file").read_text() == "mine"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


@pytest.fixture
def begun(small_run):
    """The folder of a finished small run."""
    return small_run("braille")[0]


def test_out_folder_that_holds_a_run_is_kept_and_resume_is_suggested(ohmgrad_here, begun):
    before = {path.name: path.read_bytes() for path in begun.iterdir()}
    check_sentence(ohmgrad_here("train", "braille", "--out", begun), "--resume")
    assert {path.name: path.read_bytes() for path in begun.iterdir()} == before


@pytest.mark.parametrize(
    ("damage", "says"),
    [("cut short", "is damaged"), ("no checkpoint at all", "is damaged"), ("of another recipe", "for another recipe")],
)
def test_damaged_checkpoint(damage, says, ohmgrad_here, begun, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(begun, folder)
    (folder / "summary.json").unlink()
    checkpoint = folder / "chips.safetensors"
    chips.write(checkpoint, {"x": np.zeros(3)}, {"origin": "another", "arms": {}})
    whole = checkpoint.read_bytes()
    content = {"cut short": whole[:-1], "no checkpoint at all": b"words", "of another recipe": whole}[damage]
    checkpoint.write_bytes(content)
    check_sentence(ohmgrad_here("train", "--resume", folder), says)
    assert not (folder / "summary.json").exists()


def test_damaged_recipe_and_damaged_results(ohmgrad_here, begun, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(begun, folder)
    (folder / "summary.json").write_text("{")
    check_sentence(ohmgrad_here("report", folder), "damaged")
    check_sentence(ohmgrad_here("train", "--resume", folder), "damaged")
    (folder / "summary.json").unlink()
    (folder / "recipe.yaml").write_text("title: [")
    check_sentence(ohmgrad_here("train", "--resume", folder), "recipe.yaml: not YAML")


def test_a_finished_run_whose_recipe_was_changed(ohmgrad_here, begun, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(begun, folder)
    (folder / "recipe.yaml").write_text((folder / "recipe.yaml").read_text().replace("epochs: 2", "epochs: 9"))
    check_sentence(ohmgrad_here("train", "--resume", folder), "changed after the run was finished")


@pytest.mark.parametrize("name", ["examples.json", "metrics.csv", "weights.safetensors", "summary.json"])
@pytest.mark.parametrize("damage", ["gone", "empty", "{}"])
def test_report_of_a_damaged_run(name, damage, ohmgrad_here, begun, tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(begun, folder)
    (folder / name).unlink() if damage == "gone" else (folder / name).write_text("" if damage == "empty" else damage)
    page = (folder / "report.html").read_bytes()
    check_sentence(ohmgrad_here("report", folder), f"{name} is missing" if damage == "gone" else "damaged run")
    assert (folder / "report.html").read_bytes() == page


def test_json_errors_leave_standard_output_empty(ohmgrad, tmp_path):
    check_sentence(ohmgrad("train", "brail", "--json", cwd=tmp_path), "did you mean")


def test_resuming_a_finished_run_prints_its_results_again(ohmgrad, begun):
    again = ohmgrad("train", "--resume", begun, "--json")
    assert again.returncode == 0
    assert (
        json.loads(again.stdout)["test_accuracy"] == json.loads((begun / "summary.json").read_text())["test_accuracy"]
    )
