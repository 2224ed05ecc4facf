"""What it costs, each figure beside its floor, measured in one run: `python3 run.py bench`.

A file `bench_<what>.py` has `async def measure(servers: Servers) -> list[Figure]`. Machines are noisy: read ratios.
"""
