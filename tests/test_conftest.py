"""Where nothing may be skipped, a skipped test fails."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SKIPPED = {
    "in a test": "import pytest\n\ndef test_it():\n    pytest.skip('no such library')\n",
    "by a mark": "import pytest\n\n@pytest.mark.skip(reason='no')\ndef test_it():\n    pass\n",
    "in a module": "import pytest\n\npytest.importorskip('no_such_library')\n",
}
XFAIL = "import pytest\n\n@pytest.mark.xfail\ndef test_it():\n    assert False\n"


def run_pytest(folder: Path, source: str, no_skips: str) -> int:
    shutil.copy(Path(__file__).with_name("conftest.py"), folder)
    (folder / "test_sample.py").write_text(source)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)]
    environment = {**os.environ, "CHAINRULE_NO_SKIPS": no_skips}
    environment.pop("PYTEST_XDIST_WORKER", None)
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True).returncode


@pytest.mark.parametrize("source", SKIPPED.values(), ids=SKIPPED.keys())
def test_a_skip_fails_where_nothing_may_be_skipped(tmp_path: Path, source: str) -> None:
    assert run_pytest(tmp_path, source, no_skips="1") in (
        pytest.ExitCode.TESTS_FAILED,
        pytest.ExitCode.INTERRUPTED,
    )
    assert run_pytest(tmp_path, source, no_skips="") in (
        pytest.ExitCode.OK,
        pytest.ExitCode.NO_TESTS_COLLECTED,
    )


def test_an_expected_failure_is_no_skip(tmp_path: Path) -> None:
    assert run_pytest(tmp_path, XFAIL, no_skips="1") == pytest.ExitCode.OK
