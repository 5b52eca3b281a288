"""Networks and rules say of themselves what recipes' schema says of them: fields, types, bounds, defaults, meanings."""

from typing import Any, get_args

import pytest
from pydantic import BaseModel

from ohmgrad import networks, parts, rules
from ohmgrad.recipes.schema import network as network_schema
from ohmgrad.recipes.schema import rule as rule_schema

EXPERIMENTS_OWN = {"learning_rates", "initial_gains"}


def kinds(union: Any) -> dict[str, type[BaseModel]]:
    models = get_args(get_args(union)[0])
    return {kind: model for model in models for kind in get_args(model.model_fields["kind"].annotation)}


def plain(value: Any) -> Any:
    """A default as a recipe would write it."""
    if isinstance(value, BaseModel):
        return {name: plain(getattr(value, name)) for name in type(value).model_fields}
    return [plain(each) for each in value] if isinstance(value, list | tuple) else value


def resolved(schema: Any, definitions: dict[str, Any]) -> Any:
    """A JSON schema without references, titles, defaults and kinds; descriptions of fields stay."""
    if isinstance(schema, list):
        return [resolved(each, definitions) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        model = {k: v for k, v in definitions[schema["$ref"].rpartition("/")[2]].items() if k != "description"}
        schema = model | {k: v for k, v in schema.items() if k != "$ref"}
    if set(schema.get("discriminator", {})) == {"propertyName", "mapping"}:
        schema = {k: v for k, v in schema.items() if k != "discriminator"}
    dropped = {"title", "default", "$defs"}
    return {
        k: resolved(v, definitions) for k, v in schema.items() if k not in dropped and (k, v) != ("description", "")
    }


def fields(model: type[BaseModel]) -> dict[str, Any]:
    schema = model.model_json_schema()
    properties = resolved(schema, schema.get("$defs", {}))["properties"]
    return {
        name: (
            properties[name],
            field.is_required(),
            None if field.is_required() else plain(field.get_default(call_default_factory=True)),
        )
        for name, field in model.model_fields.items()
        if name != "kind" and name not in EXPERIMENTS_OWN
    }


NETWORKS, RULES = kinds(network_schema.Network), kinds(rule_schema.Rule)


@pytest.mark.parametrize("kind", NETWORKS)
def test_a_network(kind):
    assert fields(parts.schema(networks.Network.kinds()[kind])) == fields(NETWORKS[kind])


@pytest.mark.parametrize("kind", RULES)
def test_a_rule(kind):
    assert fields(parts.schema(rules.Rule.kinds()[kind])) == fields(RULES[kind])


def test_there_are_no_other_kinds():
    assert set(networks.Network.kinds()) == set(NETWORKS)
    assert set(rules.Rule.kinds()) == set(RULES)
