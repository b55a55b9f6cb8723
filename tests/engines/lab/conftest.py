from collections.abc import Iterator

import pytest

from tests.engines.lab import Lab


# A process can have one session of Spark: it ends with the last test of this folder.
@pytest.fixture(scope="package")
def lab(tmp_path_factory, request) -> Iterator[Lab]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        lab = Lab(
            tmp_path_factory.mktemp("equivalence"), lambda name: request.getfixturevalue(f"new_{name}")()
        )
        with lab.open:
            yield lab
