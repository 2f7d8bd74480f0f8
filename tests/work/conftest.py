"""The ledger's fixtures serve the worker's tests too."""

from tests.ledger.conftest import clock, first, path, second

__all__ = ["clock", "first", "path", "second"]
