"""The performance claims, each measured against a floor of the same run: `python -m benchmarks`."""
