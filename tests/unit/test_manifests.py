"""What the services' manifests say, and how a process opens and closes what they name."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from app.composition import LIBRARY, MANIFESTS, resources
from hub.auth.sources import load_sources
from hub.ports.clock import SystemClock
from hub.runtime.manifest import DATABASE, EVENT_LOG, Key, Resources, Store
from hub.runtime.settings import Settings
from hub.sql.metadata import metadata
from schemas.topics import contracts

pytestmark = pytest.mark.unit


def test_each_store_that_a_role_opens_belongs_to_one_service_or_to_the_library() -> None:
    keys = [store.key for store in (*LIBRARY, *(store for manifest in MANIFESTS for store in manifest.stores))]
    assert len({key.name for key in keys}) == len(keys)
    assert {key for manifest in MANIFESTS for key in (*manifest.needs, *manifest.uses)} <= set(keys)
    assert DATABASE in keys, "adapters stand on it"


def test_every_table_is_one_service_s() -> None:
    owned = [table for manifest in MANIFESTS for table in manifest.tables]
    assert set(owned) == set(metadata.tables.values())
    assert len(owned) == len(set(owned))


def test_the_roles_that_open_the_log_are_the_services_that_its_topics_name() -> None:
    named = {name for contract in contracts() for name in (*contract.producers, *contract.consumers)}
    services = {name.split("/")[1] for name in named if name.startswith("services/")}
    assert {manifest.role for manifest in MANIFESTS if EVENT_LOG in (*manifest.needs, *manifest.uses)} == services


def test_a_command_makes_no_topics(tmp_path: Path) -> None:
    on = resources(Settings(data_dir=tmp_path))
    assert len(on.get(EVENT_LOG).differences([contract.topic for contract in contracts()])) == len(contracts())
    on.close()
    assert resources(Settings(data_dir=tmp_path), making=True).get(EVENT_LOG).end_offsets("records") == {0: 0}


@dataclass
class Opened:
    name: str
    told: list[str]

    def close(self) -> None:
        self.told.append(f"close {self.name}")


BELOW, ABOVE, ASIDE = (Key[Opened](name) for name in ("below", "above", "aside"))


def test_stores_are_opened_once_where_asked_for_and_closed_in_the_opposite_order() -> None:
    told: list[str] = []

    def opening(key: Key[Opened], *on_what: Key[Opened]) -> Store[Opened]:
        def open_(on: Resources) -> Opened:
            for under in on_what:
                on.get(under)
            told.append(f"open {key.name}")
            return Opened(key.name, told)

        return Store(key, open_, lambda opened: told.append(f"ping {opened.name}"))

    stores = [opening(ABOVE, BELOW), opening(BELOW), opening(ASIDE)]
    on = Resources(Settings(), SystemClock(), load_sources(), stores, making=False)
    assert on.get(ABOVE) is on.get(ABOVE)
    on.ping(BELOW)
    assert on.opened == (BELOW, ABOVE)
    on.close()
    assert told == ["open below", "open above", "ping below", "close above", "close below"]
    with pytest.raises(KeyError):
        on.get(Key[Any]("unknown"))
