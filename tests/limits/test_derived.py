"""Oracle: the released columns; AlexNet and a two-phase training by hand; published counts of rows and papers."""

import csv
import io
from datetime import date
from typing import Any

import numpy as np
import pytest
from scipy import stats

from ohmgrad_limits.data import (
    BENCHMARKS,
    check,
    counts,
    flop,
    hardware_burden,
    load,
    network_operations,
    notable,
    sources,
    utilisation,
)
from ohmgrad_limits.data.table import TIMM, data_text
from ohmgrad_limits.fit import growth


def test_released_network_operations_and_burdens_come_out():
    checks = {name: {each.measure: each for each in check(load(name))} for name in BENCHMARKS}
    burdens = [each["hardware-burden"] for each in checks.values()]
    assert sum(each.compared for each in burdens) == 99 == sum(each.within for each in burdens)
    imagenet = checks["imagenet"]["network-operations"]
    assert (imagenet.within, imagenet.compared) == (69, 73)
    assert {model for model, _, _ in imagenet.mismatches} == {
        "ConvNeXt-XL",
        "Swin-L (384 res, ImageNet-22k pretrain)",
        "GFNet-H-B",
        "AutoFormer-base",
    }
    coco = checks["coco"]["network-operations"]
    assert (coco.within, coco.compared) == (6, 7)


def test_counts_of_the_release():
    rows = {name: len(load(name).models) for name in BENCHMARKS}
    assert rows == {"imagenet": 208, "coco": 116, "squad": 41, "conll": 54, "wmt-en-fr": 42, "wmt-en-de": 55}
    papers = {paper for name in BENCHMARKS for paper in load(name).papers if paper}
    assert len(papers) == 466
    assert sum(counts(load(name))["with_computation"] for name in BENCHMARKS) == 205
    assert len(load(TIMM).models) == 1556
    assert len(notable().models) == 895
    known = {name: int(np.isfinite(column).sum()) for name, column in notable().numbers.items()}
    assert (known["flop"], known["usd"], known["watts"]) == (451, 155, 154)


def test_alexnet_by_hand():
    """1.4 GFLOP a pass, 100 epochs of 1.28 million; two GTX 580 of 1,580 GFLOP/s for 518,000 seconds."""
    imagenet = load("imagenet")
    row = imagenet.models.index("AlexNet")
    assert network_operations(imagenet)[row] == pytest.approx(3 * 1.4e9 * 100 * 1.28e6)
    assert hardware_burden(imagenet)[row] == pytest.approx(2 * 1580e9 * 518_000)
    assert imagenet.error[row] == pytest.approx(0.367)


def test_a_users_table_goes_the_same_way(tmp_path):
    """Two phases on two kinds of processors, multiply-adds doubled, blanks left out."""
    path = tmp_path / "mine.csv"
    path.write_text(
        "model,error,year,multiply_adds,training_epochs,training_set_size,training_days,training_gpu_n,"
        "training_gpu_peak_gflops,training_cpu_n,training_cpu_peak_gflops,pretraining_days,pretraining_tpu_n,"
        "pretraining_tpu_peak_gflops,remark\n"
        "a,0.5,2020,1e9,10,1000,2,4,100,1,50,1,8,1000,both phases\n"
        "b,0.4,,2e9,10,,3,2,100,,,,,,one\n"
        "c,,2021,,,,,,,,,,,,nothing known\n"
    )
    mine = load(str(path))
    day = 86_400
    assert mine.models == ("a", "b", "c") and mine.title == "mine"
    assert flop(mine, "operations-per-pass")[:2].tolist() == [2e9, 4e9]
    assert flop(mine, "network-operations")[0] == 3 * 2e9 * 10 * 1000
    assert np.isnan(flop(mine, "network-operations")[1:]).all()
    assert flop(mine, "hardware-burden")[0] == pytest.approx(2 * day * (4 * 100e9 + 50e9) + day * 8 * 1000e9)
    assert flop(mine, "hardware-burden")[1] == pytest.approx(3 * day * 2 * 100e9)
    assert np.isnan(mine.year[1]) and np.isnan(mine.error[2])


def test_multiply_adds_are_doubled_not_taken_for_flop():
    """ResNet-50 at 224 x 224 has 4.1e9 multiply-adds, torchvision's and timm's "GFLOPS" (He et al. 2015: 3.8)."""
    models = load(TIMM)
    row = models.models.index("resnet50.tv_in1k")
    assert flop(models, "operations-per-pass")[row] == pytest.approx(2 * 4.1e9, rel=0.02)


def test_every_source_has_its_licence_and_notice_beside_it():
    for source, words in (("thompson", "GNU GENERAL"), ("epoch", "Attribution 4.0 International"), ("timm", "Apache")):
        assert words in data_text(f"{source}/LICENSE")
        assert "Changed:" in data_text(f"{source}/NOTICE")
    rows = {source.name: (source.rows(), source.licence) for source in sources()}
    assert rows["thompson"] == (516, "GPL-3.0-only")
    assert rows["epoch"] == (895, "CC-BY-4.0") and rows["timm"] == (1556, "Apache-2.0")


def test_trends_are_those_of_the_table():
    """The file read here, records picked one after another, scipy's line and its standard error."""
    rows = list(csv.DictReader(io.StringIO(data_text("epoch/models.csv"))))
    dated = [(date.fromisoformat(row["Publication date"]), row) for row in rows if row["Publication date"]]
    known = [(day, float(row["Training compute (FLOP)"])) for day, row in dated if row["Training compute (FLOP)"]]
    records, most = [], 0.0
    for day, flop_ in sorted(known, key=lambda pair: pair[0]):
        if 2012 <= day.year < 2019 and flop_ > most:
            records.append((day.toordinal() / 365.25, np.log10(flop_)))
            most = flop_
    grown = growth(2012.0, 2019.0, records=True)
    assert grown.line.n == len(records) > 10
    line: Any = stats.linregress(*np.array(records).T)
    half = stats.t.ppf(0.975, len(records) - 2) * line.stderr
    months = [12 * np.log10(2) / slope for slope in (line.slope, line.slope + half, line.slope - half)]
    assert [grown.doubling_months, *grown.doubling_months_interval[:2]] == pytest.approx(months, rel=0.01)
    shares = [float(row["Hardware utilization"]) for row in rows if row["Hardware utilization"]]
    found = utilisation()
    assert (found.low, found.nominal, found.high) == pytest.approx(np.percentile(shares, [10, 50, 90]))
