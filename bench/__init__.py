"""The figures in README.md, each measured against its peer in the same run; `python -m bench`."""
