"""A pytest plugin: `feature_case`, and the mark `checkpoint`.

@pytest.mark.checkpoint("latest/orders_clean")
def test_on_real_rows(feature_case):
    assert feature_case(NetRevenue, refunds=[…]).count()
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from spark_etl.reading import Checkpoint
    from spark_etl.testing.feature_case import FeatureCase

SCRATCH, CONFIG = "checkpoint_scratch", "feature_config"
MARK = "checkpoint(name, source=None): `feature_case` reads this checkpoint, RUN/FEATURE, as the source of that name"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the settings of pytest's ini."""
    parser.addini(SCRATCH, "where the runs of @pytest.mark.checkpoint are; default: SANDBOX_SCRATCH", default="")
    parser.addini(CONFIG, "the feature config that feature_case finds aliases in; default: none", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Makes the mark known."""
    config.addinivalue_line("markers", MARK)


@pytest.fixture
def feature_case(request: pytest.FixtureRequest) -> FeatureCase:
    """Computes a feature on rows that the test gives, on a local Spark; see `spark_etl.testing.FeatureCase`."""
    from spark_etl.errors import SparkEtlError
    from spark_etl.testing.feature_case import FeatureCase
    from spark_etl.testing.session import local_session

    config = request.config
    marked = list(request.node.iter_markers("checkpoint"))
    try:
        checkpoints = dict(_marked(config, *mark.args, **mark.kwargs) for mark in reversed(marked))
    except SparkEtlError as error:
        said = f"{error.message}\nnext: {error.hint}" if error.hint else error.message
        pytest.fail(said, pytrace=False)
    file = str(config.getini(CONFIG))
    return FeatureCase(local_session, checkpoints, config.rootpath / file if file else None)


def _marked(config: pytest.Config, name: str, source: str | None = None) -> tuple[str, Checkpoint]:
    """Returns the source and the checkpoint of a mark."""
    from spark_etl.errors import ArgumentError
    from spark_etl.reading import Runs

    run, _, feature = name.rpartition("/")
    if not run or not feature:
        raise ArgumentError(
            f"@pytest.mark.checkpoint({name!r}): it names no run and feature",
            hint='write it as @pytest.mark.checkpoint("latest/orders_clean")',
        )
    scratch = str(config.getini(SCRATCH)) or os.environ.get("SANDBOX_SCRATCH", "")
    if not scratch:
        raise ArgumentError(
            f"@pytest.mark.checkpoint({name!r}): where the runs are is not known",
            hint=f"set `{SCRATCH} = tests/scratch` in pytest's ini, or SANDBOX_SCRATCH",
        )
    where = scratch if ":/" in scratch else str(config.rootpath / Path(scratch))
    runs = Runs(where)
    found = runs.latest(kind=None) if run == "latest" else runs[run]
    return source or feature, found[feature]
