"""Run the checks and then the tests, tier by tier; the closing lines tell how many passed in each.

python -m tests.run                  checks and every tier
python -m tests.run unit e2e         these tiers alone
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TIERS = ("unit", "conformance", "integration", "e2e", "simulation")
CHECKS = (
    ("ruff", ["-m", "ruff", "check", "."]),
    ("ruff format", ["-m", "ruff", "format", "--check", "."]),
    ("mypy --strict", ["-m", "mypy"]),
    ("import-linter", ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]),
)


def main(arguments: list[str]) -> int:
    unknown = [argument for argument in arguments if argument not in TIERS]
    if unknown:
        print(f"unknown tier {unknown[0]!r}; tiers: {', '.join(TIERS)}", file=sys.stderr)
        return 2
    tiers = arguments or list(TIERS)
    if "e2e" in tiers and not ensure_browser():
        return 1
    failed = [] if arguments else [name for name, command in CHECKS if not passes(name, command)]
    command = [sys.executable, "-m", "pytest", "-q", *(f"tests/{tier}" for tier in tiers)]
    code = subprocess.call(command, cwd=ROOT)
    if failed:
        print(f"checks that failed: {', '.join(failed)}")
    return code or bool(failed)


def passes(name: str, command: list[str]) -> bool:
    print(f"== {name}", flush=True)
    return subprocess.call([sys.executable, *command], cwd=ROOT) == 0


def ensure_browser() -> bool:
    """Find Chromium; where apt-get may be used without a password, install it."""
    if any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")):
        return True
    apt = shutil.which("apt-get")
    if apt and hasattr(os, "geteuid") and os.geteuid() == 0:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in ([apt, "update", "-qq"], [apt, "install", "-y", "-qq", "chromium", "fonts-noto-cjk"]):
            if subprocess.call(command, env=environment, stdout=subprocess.DEVNULL):
                break
    if shutil.which("chromium"):
        return True
    print("The e2e tier needs Chromium on the PATH (Debian: apt-get install chromium fonts-noto-cjk).", file=sys.stderr)
    return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
