"""Oracle: the words and digits that are sent; the run's ledger for joules; arithmetic of labels and counters."""

import base64
import io
from typing import Any

import numpy as np
import pytest
from PIL import Image
from served import WORDS
from sklearn.datasets import load_digits

import ohmgrad as toolkit
from ohmgrad.data import braille
from ohmgrad.recipes import priced
from ohmgrad.recipes.loading import with_field
from ohmgrad.serve.model import Model, Price, Prices


def predicted(server, **body):
    reply = server.ask("/v1/predict", body)
    assert reply.status == 200, reply.body
    return reply.json


@pytest.fixture(scope="module")
def digit():
    """A digit of scikit-learn's, its pixels from 0 to 255, and its class."""
    images, classes = load_digits(return_X_y=True)
    return np.round(images[20].reshape(8, 8, 1) * 255 / 16), str(classes[20])


def test_words_as_letters_and_as_dots(server):
    for word in WORDS:
        told = predicted(server, word=word)
        assert told["answer"] == word and told["model"] == "braille" and told["settled"] in (True, False)
        assert predicted(server, dots=braille.pattern(word).tolist(), seed=told["seed"])["output"] == told["output"]


def test_a_word_with_unreadable_dots_is_still_told(server):
    dots = braille.pattern("ampere").tolist()
    assert predicted(server, dots=[0, 0, 0, *dots[3:]])["answer"] == "ampere"


def test_an_image_as_numbers_as_base64_and_as_the_body(server, digit):
    pixels, name = digit
    content = io.BytesIO()
    Image.fromarray(pixels[..., 0].astype(np.uint8)).save(content, "PNG")
    numbers = predicted(server, image=pixels.tolist(), model="digits")
    coded = predicted(server, image=base64.b64encode(content.getvalue()).decode(), model="digits")
    body = server.ask("/v1/predict?model=digits", content.getvalue(), content_type="image/png").json
    plain = predicted(server, input=(pixels / 255).tolist())
    for told in (numbers, coded, body, plain):
        assert told["answer"] == name
        np.testing.assert_allclose(told["output"], numbers["output"], atol=1e-5)
    np.testing.assert_allclose(sum(numbers["probabilities"]), 1, atol=1e-6)


def test_the_same_seed_gives_the_same_answer_and_another_one_other_noise(server):
    one, same, other = (predicted(server, word="ohm", seed=seed)["output"] for seed in (1, 1, 2))
    assert one == same != other


def test_costs_are_those_of_the_ledger(server, braille_run, digits_run):
    """Oracle: a life of one inference, as `ohmgrad ledger` prices it; ideal weights have no chip."""
    run = toolkit.load(braille_run)
    recipe: Any = run.recipe
    told = predicted(server, word="ohm")
    counts = {"crossbar": run.progress["crossbar"].mean_counts(), "ideal": run.progress["ideal"].mean_counts()}
    life = priced.price(recipe, priced.machines(recipe), counts, inferences=1)["life"]
    np.testing.assert_allclose(told["joules"], life["chip"]["inference_joules"]["nominal"], rtol=1e-6)
    assert told["sweeps"] == recipe.rule.free.sweeps
    assert predicted(server, image=np.zeros((8, 8)).tolist())["joules"] is None


def test_each_arm_has_the_price_of_its_own_inference(braille_run):
    """Oracle: the ledger's life of one inference in batches of 64, for the rule's network and for one forward pass."""
    recipe: Any = toolkit.load(braille_run).recipe
    batched = with_field(recipe, "training.batch", 64)
    life = priced.price(batched, priced.machines(recipe), inferences=1, samples=64)["life"]
    for arm, machine in (("ideal", "digital"), ("backprop", "digital_backprop")):
        price = Model(braille_run, arm, largest=1).prices.most
        np.testing.assert_allclose(price.gpu_joules, life[machine]["inference_joules"]["nominal"], rtol=1e-6)
        assert price.joules is None


def test_prices_between_one_and_all_sweeps_are_linear():
    prices = Prices(Price(1.0, 2.0, 3.0, 4.0), Price(9.0, 10.0, 11.0, 12.0), 5, "GPU")
    assert prices.after(3.0) == Price(5.0, 6.0, 7.0, 8.0) and prices.after(5.0) == prices.most


def test_labels_that_come_back_are_counted_once(server):
    right, wrong = predicted(server, word="volt"), predicted(server, word="volt")
    assert server.ask("/v1/label", {"id": right["id"], "label": "volt"}).json["right"] is True
    assert server.ask("/v1/label", {"id": wrong["id"], "label": "watt"}).json["right"] is False
    assert server.ask("/v1/label", {"id": wrong["id"], "label": "volt"}).status == 404
    other = predicted(server, word="volt")
    assert "no class" in server.ask("/v1/label", {"id": other["id"], "label": "weber"}).json["error"]
    text = server.ask("/metrics").body.decode()
    assert 'ohmgrad_labelled_right{model="braille",version="1"} 0.5' in text


def test_metrics_count_what_was_asked(server):
    def total(name):
        lines = server.ask("/metrics").body.decode().splitlines()
        return sum(float(line.split()[-1]) for line in lines if line.startswith(name) and 'model="braille"' in line)

    names = ("ohmgrad_answers_total", "ohmgrad_joules_total", "ohmgrad_request_seconds_count")
    before = [total(name) for name in names]
    told = [predicted(server, word="ohm") for _ in range(5)]
    answers, joules, requests = (total(name) - start for name, start in zip(names, before, strict=True))
    assert answers == requests == 5
    np.testing.assert_allclose(joules, sum(each["joules"] + each["gpu"]["joules"] for each in told), rtol=1e-6)


def test_a_look_at_the_layers(server):
    told = server.ask("/v1/watch", {"word": "ohm", "seed": 3}).json
    assert [layer["neurons"] for layer in told["layers"]] == [63, 6] and told["answer"] == "ohm"
    picture = Image.open(io.BytesIO(server.ask("/v1/models/braille/layers/1").body))
    assert picture.size == (63, 61)
    assert server.ask("/v1/models/braille/layers/3").status == 400
    refused = server.ask("/v1/watch", {"image": np.zeros((8, 8)).tolist(), "effects": {"adc_bits": 4}})
    assert refused.status == 400 and "ideal weights" in refused.json["error"]


def test_signals_are_told_and_forgotten(server):
    assert server.ask("/v1/signals", {"signals": {"battery": 0.1}}, "PUT").json == {"signals": {"battery": 0.1}}
    assert server.ask("/v1/signals", {"signals": {"battery": None}}, "PUT").json == {"signals": {}}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "the request gives no sample"),
        ({"word": "ohm", "dots": [1]}, "word and dots"),
        ({"word": "x"}, "is not a word of 3 to 10 letters"),
        ({"dots": [1, 2], "model": "braille"}, "allowed: 60"),
        ({"image": "?", "model": "digits"}, "not base64"),
        ({"image": "aGVsbG8=", "model": "digits"}, "not a picture"),
        ({"word": "ohm", "sed": 1}, "did you mean 'seed'"),
        ({"word": "ohm", "model": "digits"}, "takes samples of kind image"),
        ({"word": "ohm", "seed": -1}, "seed"),
    ],
)
def test_wrong_requests_get_one_sentence(server, body, said):
    reply = server.ask("/v1/predict", body)
    assert reply.status == 400 and said in reply.json["error"]


def test_an_answer_that_would_be_late_is_not_given(server):
    assert server.ask("/v1/predict", {"word": "ohm", "timeout_ms": 0.001}).status == 504
