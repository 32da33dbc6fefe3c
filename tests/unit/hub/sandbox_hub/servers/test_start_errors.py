"""What the hub's log says of a start that was refused."""

from __future__ import annotations

import asyncio
import gc

import pytest
from sandbox_hub.servers.start_errors import StartError, no_keys_error
from traitlets.config import Config

from tests.unit.hub.conftest import errors


@pytest.mark.parametrize(("error", "logged"), [(no_keys_error(answers=False), False), (OSError("the disk"), True)])
def test_a_start_whose_page_was_left_is_not_logged_again(
    config: Config, caplog: pytest.LogCaptureFixture, error: Exception, logged: bool
) -> None:
    """As JupyterHub does: it waits for a second, and asks no more."""
    del config

    async def left() -> None:
        async def start() -> None:
            raise error

        await asyncio.wait([asyncio.ensure_future(start())])

    asyncio.run(left())
    gc.collect()

    assert [bool(record.exc_info) for record in errors(caplog)] == ([True] if logged else [])
    assert isinstance(error, StartError) is not logged
