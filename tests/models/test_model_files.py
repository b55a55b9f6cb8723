"""Every model can be read at one sitting."""

import inspect
from pathlib import Path

import pytest

from pipeline.compile.graph import Model, discover

ROOT = Path(__file__).parent.parent.parent
MOST_LINES = 80
MODELS = discover().values()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.name)
def test_a_model_fits_on_a_screen_and_says_its_grain_first(model: Model):
    lines = (ROOT / model.path).read_text().splitlines()
    assert len(lines) <= MOST_LINES, "give a part of it a name, and a module beside the layers"
    assert inspect.getdoc(model.function).startswith("One row per ")
