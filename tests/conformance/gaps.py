"""What adapters declare that they cannot do: listed at the end of a test run instead of being skipped in silence."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import pytest

_Test = TypeVar("_Test", bound=Callable[..., Any])


@dataclass(frozen=True, order=True)
class Gap:
    """One test of one suite that an adapter is not asked to pass, because it says so itself."""

    suite: str
    adapter: str
    capability: str
    test: str


GAPS: list[Gap] = []


def needs(capability: str) -> Callable[[_Test], _Test]:
    """Mark a conformance test as one that only adapters with this capability must pass."""
    return pytest.mark.capability(capability)


class Conformance:
    """Base of the suites: an adapter's subclass states its name and its capabilities."""

    suite: str
    adapter: str
    capabilities: frozenset[str]

    @pytest.fixture(autouse=True)
    def _report_gaps(self, request: pytest.FixtureRequest) -> None:
        for marker in request.node.iter_markers("capability"):
            if marker.args[0] not in self.capabilities:
                gap = Gap(self.suite, self.adapter, marker.args[0], request.node.name)
                GAPS.append(gap)
                pytest.skip(f"{gap.adapter} lacks the capability {gap.capability} of the {gap.suite}")
