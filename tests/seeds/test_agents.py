"""The seeds of agents are what the agents' rooms say."""

from pathlib import Path

import pytest

import pipeline
from pipeline.seeds.agents import contents

SEEDS = Path(pipeline.__file__).parent / "seeds"


@pytest.mark.parametrize("name", contents())
def test_the_file_is_what_the_rooms_make(name):
    assert (SEEDS / name).read_text(encoding="utf-8") == contents()[name], (
        "write it anew: python -m pipeline.seeds.agents"
    )
