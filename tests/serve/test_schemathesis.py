"""Oracle: schemathesis, which makes requests from a server's own description and checks each answer against it."""

from collections import Counter
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import booleans
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from served import WORDS, Serving

EXAMPLES = 25
CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance,
    response_schema_conformance,
]  # fmt: skip
NEVER_RIGHT = {"POST /v2/repository/models/{name}/unload", "POST /v1/label"}
"""Operations that need what no request of its own can know: a model that may go, and the id of an answer."""


def mended(path: str, body: dict[str, Any]) -> dict[str, Any]:
    """A body that may be answered: what chooses the model and the sample is right, the rest is as it was drawn."""
    if path.endswith("/infer"):
        sample = {"name": "input", "shape": [1, 60], "datatype": "FP32", "data": [1.0] * 60}
        return {"inputs": [sample]} | {name: body[name] for name in body.keys() & {"id"}}
    if path in ("/v1/predict", "/v1/watch"):
        kept = {name: body[name] for name in body.keys() & {"seed", "signals"}}
        return {"model": "braille", "word": WORDS[len(repr(body)) % len(WORDS)]} | kept
    return body


def answers(server: Serving) -> dict[str, Counter[int]]:
    """Ask for every operation; of the requests half are drawn alone, half are mended so that they may be answered."""
    api = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    found: dict[str, Counter[int]] = {}
    for result in api.get_all_operations():
        operation: Any = result.ok()  # pyright: ignore[reportAttributeAccessIssue]
        statuses = found[operation.label] = Counter()
        ask(operation, statuses)
    return found


def ask(operation: Any, statuses: Counter[int]) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
        phases=[Phase.generate],
    )
    @given(case=operation.as_strategy(), right=booleans())
    def test(case, right):
        if right:
            real = {"name": "braille", "version": "1", "layer": "1"}
            if "unload" not in operation.path:
                case.path_parameters = {name: real[name] for name in case.path_parameters or {}}
            if isinstance(case.body, dict):
                case.body = mended(operation.path, case.body)
        response = case.call()
        statuses[response.status_code] += 1
        case.validate_response(response, checks=CHECKS)

    test()


def test_every_answer_is_as_described(server):
    found = answers(server)
    assert len(found) >= 20
    assert not [label for label, statuses in found.items() if not statuses[200] and label not in NEVER_RIGHT], found
    assert sum(statuses[400] + statuses[404] for statuses in found.values()) > 100, "wrong requests are among them"
    assert not [line for line in server.log if "Exception" in line]


def test_an_answer_that_is_not_as_described_would_be_found(server):
    """The oracle sees: with a description that says otherwise, it complains."""
    api = schemathesis.openapi.from_url(f"{server.url}/openapi.json")
    api.raw_schema["paths"]["/v2"]["get"]["responses"]["200"]["content"]["application/json"]["schema"] = {
        "type": "array"
    }
    case = api["/v2"]["GET"].Case()
    with pytest.raises(FailureGroup):
        case.validate_response(case.call(), checks=CHECKS)
