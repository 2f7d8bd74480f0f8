"""The figures in docs/performance.md, each measured against its peer in the same run; `python -m bench`."""
