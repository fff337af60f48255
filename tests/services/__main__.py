"""``python -m tests.services ensure``: install what the tests need and the machine lacks."""

from __future__ import annotations

import argparse

from tests.services.debian import NEEDS, ensure

parser = argparse.ArgumentParser(prog="python -m tests.services", description=__doc__)
parser.add_argument("action", choices=["ensure", "show"])
if parser.parse_args().action == "ensure":
    ensure()
for need in NEEDS:
    print(f"  {'✓' if need.there() else '✗'} {need.name}")
