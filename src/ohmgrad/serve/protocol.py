"""The tensors of the Open Inference Protocol, version 2 (REST), in JSON and as binary data."""

import asyncio
import json
import math
import re
import struct
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any, NamedTuple, TypeVar

import numpy as np
import orjson

from ohmgrad.errors import InputError

HEADER = "inference-header-content-length"
"""HTTP header with the number of bytes of JSON before the binary data."""
_TYPES = {
    "BOOL": np.bool_,
    "UINT8": np.uint8,
    "UINT32": np.uint32,
    "UINT64": np.uint64,
    "INT32": np.int32,
    "INT64": np.int64,
    "FP32": np.float32,
    "FP64": np.float64,
}
_LONGEST = 1 << 32
_LARGE = 1 << 17
"""Bodies above this size are parsed in a thread."""
Parsed = TypeVar("Parsed")
_DEEPEST = 32
"""Largest nesting of a body."""
_DEEPEST_DATA = 8
_TEXT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_BRACKETS = b"[]{}"
_OTHERS = bytes(set(range(256)) - set(_BRACKETS))


class Tensor(NamedTuple):
    """A named tensor."""

    name: str
    datatype: str
    array: np.ndarray


class Request(NamedTuple):
    """A request for inference.

    Attributes:
        id: Its id, or None.
        tensors: Its inputs by name.
        outputs: Names of the wanted outputs, and whether each as binary data; None: all.
        binary: Whether outputs that are not named otherwise are wanted as binary data.
        parameters: Its parameters.
    """

    id: str | None
    tensors: dict[str, Tensor]
    outputs: dict[str, bool] | None
    binary: bool
    parameters: dict[str, Any]


def parse_json(body: bytes) -> Any:
    """Parse strict JSON: UTF-8, no NaN, no key twice in an object, not nested too deeply.

    Raises:
        InputError: if it is not.
    """
    if _depth(body) > _DEEPEST:
        raise InputError(f"the body is nested too deeply; allowed: {_DEEPEST} levels")
    try:
        return json.loads(body.decode(), parse_constant=_no_constant, object_pairs_hook=_unique)
    except (UnicodeDecodeError, RecursionError, ValueError) as error:
        raise InputError(f"the body is not JSON ({str(error) or type(error).__name__})") from None


def _depth(body: bytes) -> int:
    """A bound on the nesting of a body; its nesting where it may be too deep."""
    opened = body.count(b"[") + body.count(b"{")
    if opened <= _DEEPEST:
        return opened
    brackets = np.frombuffer(_TEXT.sub(b"", body).translate(None, _OTHERS), np.uint8)
    steps = np.where((brackets == ord("[")) | (brackets == ord("{")), 1, -1)
    return int(np.cumsum(steps, dtype=np.int32).max(initial=0))


def numbers(data: Any) -> np.ndarray:
    """Nested lists of numbers as an array of booleans, integers or float64.

    Raises:
        ValueError: if it holds anything else, or its lists differ in length.
    """
    if not isinstance(data, list):
        raise ValueError("not a list")
    shape, flat, kinds = [len(data)], data, set(map(type, data))
    while kinds == {list}:
        lengths = set(map(len, flat))
        if len(lengths) > 1 or len(shape) == _DEEPEST_DATA:
            raise ValueError("not of one shape")
        shape += lengths
        flat = list(chain.from_iterable(flat))
        kinds = set(map(type, flat))
    if kinds - {bool, int, float}:
        raise ValueError("not numbers")
    found = np.asarray(flat)
    if found.dtype.kind == "O":  # integers beyond 64 bits
        raise ValueError("a number is out of range")
    return found.reshape(shape)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not allowed")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name is given twice in an object")
    return found


async def parsed(parse: Callable[..., Parsed], body: bytes, *more: Any) -> Parsed:
    """What a body holds; a large one is parsed in a thread, while other requests go on.

    Args:
        parse: Parses it; called with the body and `more`.
        body: The body.
        more: Further arguments.

    Raises:
        InputError: as `parse` does.
    """
    return parse(body, *more) if len(body) <= _LARGE else await asyncio.to_thread(parse, body, *more)


def parse(body: bytes, json_bytes: str | None) -> Request:
    """Parse the body of a request for inference.

    Args:
        body: The body.
        json_bytes: Value of the header `HEADER`, or None.

    Raises:
        InputError: if it does not follow the protocol.
    """
    length = len(body) if json_bytes is None else _length(json_bytes, len(body))
    content = parse_json(body[:length])
    if not isinstance(content, dict) or not isinstance(content.get("inputs"), list) or not content["inputs"]:
        raise InputError("inputs: missing; needed: a list of tensors")
    tensors, rest = {}, memoryview(body)[length:]
    for each in content["inputs"]:
        tensor, rest = _tensor(each, rest)
        if tensor.name in tensors:
            raise InputError(f"inputs: '{tensor.name[:80]}' is given twice")
        tensors[tensor.name] = tensor
    if len(rest):
        raise InputError(f"inputs: {len(rest)} bytes of binary data are left over")
    parameters = _parameters(content)
    identity = content.get("id")
    if identity is not None and not isinstance(identity, str):
        raise InputError("id: not a text")
    return Request(identity, tensors, _outputs(content), parameters.get("binary_data_output") is True, parameters)


def _length(header: str, most: int) -> int:
    if not (header.isascii() and header.isdigit() and int(header[:20]) <= most and len(header) < 20):
        raise InputError(f"{HEADER}: '{header[:40]}' is not a number of bytes within the body's {most}")
    return int(header)


def _parameters(content: Mapping[str, Any]) -> dict[str, Any]:
    parameters = content.get("parameters", {})
    if not isinstance(parameters, dict):
        raise InputError("parameters: not an object")
    return parameters


def _tensor(given: Any, rest: memoryview) -> tuple[Tensor, memoryview]:
    """An input, and the binary data after it."""
    if not isinstance(given, dict):
        raise InputError("inputs: a tensor is not an object")
    name, datatype, shape = given.get("name"), given.get("datatype"), given.get("shape", [])
    if not isinstance(name, str):
        raise InputError("inputs: a tensor has no name")
    short = name[:80]
    if not isinstance(datatype, str) or datatype not in _TYPES:
        raise InputError(f"{short}: datatype '{str(datatype)[:20]}' is not supported; allowed: {', '.join(_TYPES)}")
    number = _number(short, shape)
    size = _parameters(given).get("binary_data_size")
    if size is None:
        return Tensor(name, datatype, _of_json(short, datatype, shape, number, given.get("data"))), rest
    dtype = np.dtype(_TYPES[datatype]).newbyteorder("<")
    if type(size) is not int or size != number * dtype.itemsize:
        raise InputError(f"{short}: binary_data_size is not the {_told(number * dtype.itemsize)} bytes of its shape")
    if size > len(rest):
        raise InputError(f"{short}: {size} bytes of binary data are announced, {len(rest)} came")
    return Tensor(name, datatype, np.frombuffer(rest[:size], dtype).reshape(shape)), rest[size:]


def _number(name: str, shape: Any) -> int:
    good = isinstance(shape, list) and 1 <= len(shape) <= 8
    if not good or not all(type(side) is int and 0 <= side < _LONGEST for side in shape):
        raise InputError(f"{name}: shape is not a list of 1 to 8 sizes")
    if 0 in shape:
        raise InputError(f"{name}: a size in shape is 0; allowed: 1 or more")
    return math.prod(shape)


def _told(number: int) -> str:
    return str(number) if number < _LONGEST else f"{number:.3g}"


def _of_json(name: str, datatype: str, shape: Sequence[int], number: int, data: Any) -> np.ndarray:
    if not isinstance(data, list):
        raise InputError(f"{name}: data is missing; needed: a list of numbers")
    try:
        plain = numbers(data)
    except ValueError as error:
        raise InputError(f"{name}: data is not numbers of one shape ({error})") from None
    if plain.size != number:
        raise InputError(f"{name}: data has {plain.size} numbers; allowed: {_told(number)}, as its shape says")
    wanted = np.dtype(_TYPES[datatype])
    if wanted.kind in "iu":
        bounds = np.iinfo(wanted)
        if plain.dtype.kind == "f" or int(plain.min()) < bounds.min or int(plain.max()) > bounds.max:
            raise InputError(f"{name}: a number does not fit {datatype}")
    with np.errstate(over="ignore"):
        return plain.astype(wanted).reshape(shape)


def _outputs(content: Mapping[str, Any]) -> dict[str, bool] | None:
    given = content.get("outputs")
    if given is None:
        return None
    if not isinstance(given, list):
        raise InputError("outputs: not a list")
    found: dict[str, bool] = {}
    for each in given:
        if not isinstance(each, dict) or not isinstance(each.get("name"), str):
            raise InputError("outputs: an output has no name")
        if each["name"] in found:
            raise InputError(f"outputs: '{each['name'][:80]}' is wanted twice")
        found[each["name"]] = _parameters(each).get("binary_data") is True
    return found


def packed(head: Mapping[str, Any], outputs: Sequence[Tensor], binary: Mapping[str, bool]) -> tuple[bytes, int | None]:
    """The body of a response.

    Args:
        head: Fields beside the outputs.
        outputs: The outputs.
        binary: Whether each is sent as binary data.

    Returns:
        The body, and the number of bytes of JSON in it; None: there is no binary data.
    """
    described, blobs = [], []
    for each in outputs:
        entry: dict[str, Any] = {"name": each.name, "datatype": each.datatype, "shape": list(each.array.shape)}
        if binary[each.name]:
            blobs.append(_bytes(each))
            entry["parameters"] = {"binary_data_size": len(blobs[-1])}
        else:
            entry["data"] = each.array.ravel().tolist() if each.array.dtype == object else np.ravel(each.array)
        described.append(entry)
    text = orjson.dumps({**head, "outputs": described}, option=orjson.OPT_SERIALIZE_NUMPY)
    return b"".join([text, *blobs]), len(text) if blobs else None


def _bytes(tensor: Tensor) -> bytes:
    if tensor.datatype == "BYTES":
        return b"".join(struct.pack("<I", len(text)) + text for text in (t.encode() for t in tensor.array.ravel()))
    return np.ascontiguousarray(tensor.array, np.dtype(_TYPES[tensor.datatype]).newbyteorder("<")).tobytes()
