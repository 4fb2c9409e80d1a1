"""Which tests one process runs where several run tests at once."""

from pathlib import Path

import pytest

from tests.shares import APART, LONG, TOPICS_SHARE, share_of

pytestmark = pytest.mark.unit


def test_a_file_is_one_share_but_where_its_tests_stand_apart_or_use_the_hubs_own_topics() -> None:
    assert share_of("tests/e2e/test_pages.py::test_a[x/y]") == share_of("tests/e2e/test_pages.py::test_b")
    assert share_of("tests/integration/test_doctor.py::test_a") == share_of(
        "tests/integration/test_moving.py::test_b[1]"
    )
    assert share_of("tests/integration/test_stack.py::test_a[1]") != share_of(
        "tests/integration/test_stack.py::test_a[2]"
    )


def test_every_file_that_is_named_is_there() -> None:
    files = {path.name for path in Path(__file__).parents[1].glob("*/test_*.py")}
    assert files >= LONG | APART | TOPICS_SHARE
