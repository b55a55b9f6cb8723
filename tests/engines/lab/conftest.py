from collections.abc import Iterator

import pytest

from tests.engines.lab import Lab

# Generating code for each of hundreds of small queries takes a quarter of the lab's time. Spark itself goes
# without where a query is large; `test_spark` has it on.
INTERPRETED = "&spark.sql.codegen.wholeStage=false&spark.sql.codegen.factoryMode=NO_CODEGEN"


# A process can have one session of Spark: it ends with the last test of this folder.
@pytest.fixture(scope="package")
def lab(tmp_path_factory, request) -> Iterator[Lab]:
    def url(name: str) -> str:
        new = request.getfixturevalue(f"new_{name}")()
        return new + INTERPRETED if name == "spark" else new

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        lab = Lab(tmp_path_factory.mktemp("equivalence"), url)
        with lab.open:
            yield lab
