"""The six benchmarks of the published analysis: names here and in the data, and the definition of the error."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Benchmark:
    """A benchmark; its error is a fraction between 0 and 1."""

    name: str
    title: str
    in_data: str
    error: str
    targets: tuple[float, ...]
    """Target errors of the published forecasts. En-De has none; those of En-Fr are used."""


BENCHMARKS = {
    benchmark.name: benchmark
    for benchmark in (
        Benchmark("imagenet", "ImageNet", "ImageNet", "top-1 error", (0.05, 0.01)),
        Benchmark("coco", "COCO", "MS COCO", "1 - box average precision", (0.3, 0.1)),
        Benchmark("squad", "SQuAD 1.1", "SQuAD 1.1", "1 - exact match", (0.02, 0.01)),
        Benchmark("conll", "CoNLL-2003", "CoNLL 2003", "1 - F1", (0.02, 0.01)),
        Benchmark("wmt-en-fr", "WMT14 En-Fr", "WMT2014 EN-FR", "1 - BLEU / 100", (0.3, 0.1)),
        Benchmark("wmt-en-de", "WMT14 En-De", "WMT2014 EN-DE", "1 - BLEU / 100", (0.3, 0.1)),
    )
}
