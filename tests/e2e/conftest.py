"""A stage with one connected bot for each test module."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from bot.rehearsal.stage import Stage
from tests.e2e.careful import CAREFUL
from tests.e2e.play import Play


@pytest.fixture(scope="module")
def play() -> Iterator[Play]:
    """A stage on which the real bot runs; no secret of it may have leaked when the module ends."""
    with Stage() as stage:
        stage.start_bot()
        play = Play(stage)
        yield play
        assert stage.slack.mass_pings == ()
        play.assert_no_canary()


@pytest.fixture(scope="module")
def careful_play() -> Iterator[Play]:
    """Likewise, with what a risky deletion takes by default, and a short abort window."""
    with Stage(settings=CAREFUL) as stage:
        stage.start_bot()
        play = Play(stage)
        yield play
        assert stage.slack.mass_pings == ()
        play.assert_no_canary()


@pytest.fixture
def new_play() -> Iterator[Callable[..., Play]]:
    """Makes a stage of its own with other settings, by their names."""
    with ExitStack() as open_stages:

        def make(*, bot: bool = True, **settings: str) -> Play:
            stage = open_stages.enter_context(Stage(settings=settings))
            if bot:
                stage.start_bot()
            return Play(stage)

        yield make
