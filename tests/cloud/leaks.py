"""Finds what can be read out of an exception."""

from collections.abc import Iterator


def everything_in(error: BaseException) -> str:
    """The texts of an exception, of what it was raised from, and of what their frames in bot/ hold."""
    return "\n".join(_texts(error, set()))


def _texts(error: BaseException | None, seen: set[int]) -> Iterator[str]:
    if error is None or id(error) in seen:
        return
    seen.add(id(error))
    yield f"{error} {error!r} {error.args!r} {vars(error)!r}"
    trace = error.__traceback__
    while trace is not None:
        if "/bot/" in trace.tb_frame.f_code.co_filename:
            yield repr(trace.tb_frame.f_locals)
        trace = trace.tb_next
    for other in (error.__cause__, error.__context__, *error.args, *vars(error).values()):
        if isinstance(other, BaseException):
            yield from _texts(other, seen)
        else:
            yield repr(getattr(other, "__dict__", other))
