"""The ledger's fixtures serve the worker's tests too."""

import pytest

from tests.ledger.conftest import clock, first, path, second
from tests.ledger.opened import Replica
from tests.work.cloud import STANDS, Cloud
from tests.work.scene import Scene, steps_over

__all__ = ["clock", "first", "path", "scene", "second"]


@pytest.fixture
def scene(first: Replica) -> Scene:
    """One deletion whose tunnel stands."""
    cloud = Cloud(look=STANDS)
    return Scene(first, cloud, steps_over(first, cloud))
