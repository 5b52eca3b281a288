"""A study of seconds: four words in Braille on one small layer, rules that differ in numbers only."""

import copy
from typing import Any

import yaml

TINY = {
    "network.hidden": [8],
    "training.epochs": 2,
    "training.batch": 4,
    "data.copies": 1,
    "data.words": ["ohm", "volt", "watt", "ampere"],
    "backprop": None,
}
IDEAL = TINY | {"hardware": None}
STUDY: dict[str, Any] = {
    "title": "small",
    "recipe": "braille",
    "set": IDEAL,
    "factors": {"rule": {"strong": {"rule.strength": 0.5}, "weak": {"rule.strength": 0.1}}},
    "seeds": 2,
}


def changed(**sections: Any) -> dict[str, Any]:
    """The study with other sections."""
    return copy.deepcopy(STUDY | sections)


def written(path, **sections):
    """The path of a file of the study with other sections."""
    path.write_text(yaml.safe_dump(changed(**sections), sort_keys=False, allow_unicode=True))
    return path
