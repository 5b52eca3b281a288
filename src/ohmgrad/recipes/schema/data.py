"""Schema of the recipe section `data`: words, patterns, images, signals, or a user-defined task."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from ohmgrad.data.codebook import check_labels
from ohmgrad.data.signals import NAMES as SIGNALS
from ohmgrad.data.sources import NAMES
from ohmgrad.data.task import Task
from ohmgrad.parts import or_custom, try_out
from ohmgrad.quantity import Strict
from ohmgrad.recipes.schema.types import Count, Probability, Share

if TYPE_CHECKING:
    ImageSetName = SignalSetName = str
else:
    ImageSetName, SignalSetName = Literal[NAMES], Literal[SIGNALS]
_Samples = Annotated[int, Field(ge=1, le=10_000_000)]


class CorruptedWords(Strict):
    """Code words, corrupted by a noisy channel."""

    answer: Literal["name", "restore"] = Field("name", description="which word it is, or the word's dots")
    train_flips: Probability = Field(0.15, description="share of dots flipped while training")
    train_unreadable: Probability = Field(0.0, description="share of dots blanked while training")
    copies: Count = Field(8, description="corrupted copies of each word in an epoch")
    wrong_labels: Share = Field(
        0.0, description="share of training samples with the label of another word, drawn anew; with answer name"
    )

    @model_validator(mode="after")
    def _labels(self) -> "CorruptedWords":
        try_out(lambda: check_labels(self.answer, self.wrong_labels > 0))
        return self


class BrailleData(CorruptedWords):
    """Words of 3 to 10 letters in six-dot Braille, ten cells, 60 dots."""

    kind: Literal["braille"]
    words: list[str] | None = Field(None, min_length=2, description="your own words; none: the 64 shipped ones")


class PatternData(CorruptedWords):
    """User-defined code words from a .csv or .npy table of -1 and +1, one per row."""

    kind: Literal["patterns"]
    file: str = Field(description="path of the table")


class _LabelledData(Strict):
    """Labelled samples of a published data set. What makes them harder to learn from leaves the tests as they are."""

    samples: _Samples | None = Field(None, description="only so many training samples, the first ones; none: all")
    per_class: _Samples | None = Field(
        None, description="only so many of these of each class, the first ones; none: all"
    )
    wrong_labels: Share = Field(0.0, description="share of these with the label of another class")
    train_noise: Annotated[float, Field(ge=0, le=10)] = Field(
        0.0, description="standard deviation of noise added to their pixels, 1: the largest value; clipped to the range"
    )
    train_missing: Share = Field(0.0, description="share of their pixels that are erased (0), others in every sample")
    validation: Share = Field(
        0.0, description="share of these that is held back, at random, for the learning curve; 0: that is of the test"
    )


class ImageData(_LabelledData):
    """Labelled images of a published data set."""

    kind: Literal["images"]
    name: ImageSetName = Field(
        description="which set; it is downloaded once unless data.folder or OHMGRAD_DATA holds it"
    )
    folder: str | None = Field(None, description="where the files are; none: OHMGRAD_DATA, then the user's cache")
    pad: Annotated[int, Field(ge=0, le=16)] = Field(0, description="rows and columns of zeros on every side")
    normalise: bool = Field(False, description="mean 0 and deviation 1 per channel instead of [0, 1]")
    crop: Annotated[int, Field(ge=0, le=16)] = Field(0, description="training images shift by up to so many pixels")
    flip: bool = Field(False, description="training images are mirrored at random")


class SignalData(_LabelledData):
    """Labelled signals: images of one row, of numbers within [-1, 1]."""

    kind: Literal["signals"]
    name: SignalSetName = Field(description="which set; its package makes it, without a download")


LabelledData = ImageData | SignalData


if TYPE_CHECKING:
    Data = Any
else:
    Data = or_custom(
        Annotated[BrailleData | PatternData | LabelledData, Field(discriminator="kind")],
        Task,
        ("braille", "patterns", "images", "signals"),
    )
