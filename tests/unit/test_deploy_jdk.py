"""The JDK that servers as child processes need, and the settings that point a hub to them."""

from pathlib import Path

import pytest

from app.cli.main import main
from app.devstack import java
from app.devstack import stack as stack_module
from app.devstack.hold import JdkMissing
from app.devstack.stack import Layout


def test_the_environment_names_settings_that_exist() -> None:
    from hub.runtime.settings import Settings

    layout = Layout("c", (1, 2, 3), (4, 5, 6), 7, 8)
    told = layout.environment()
    assert told["HUB_KAFKA_BOOTSTRAP"] == "127.0.0.1:1,127.0.0.1:2,127.0.0.1:3"
    assert {name.removeprefix("HUB_").lower() for name in told} <= set(Settings.model_fields)
    assert "HUB_PARTITIONS" not in told, "the contracts of the topics say it"


def jdk(folder: Path, version: int, modules: str) -> Path:
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "java").touch(mode=0o755)
    (folder / "release").write_text(f'JAVA_VERSION="{version}.0.1"\nMODULES="{modules}"\n')
    return folder


def test_the_jdk_that_is_named_or_the_newest_whole_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HUB_JAVA_HOME", "JAVA_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(java, "_INSTALLED", (tmp_path / "jvm",))
    with pytest.raises(JdkMissing, match="Java 21 or newer"):
        java.jdk_home()
    jdk(tmp_path / "jvm/java-17", 17, "jdk.jlink jdk.jdi")
    jdk(tmp_path / "jvm/java-25-jre", 25, "java.base")
    with pytest.raises(JdkMissing):
        java.jdk_home()
    older = jdk(tmp_path / "jvm/java-21", 21, "jdk.jlink jdk.jdi")
    assert java.jdk_home() == older
    newer = jdk(tmp_path / "jvm/java-24", 24, "jdk.jlink jdk.jdi")
    assert java.jdk_home() == newer
    monkeypatch.setenv("HUB_JAVA_HOME", str(older))
    assert java.jdk_home() == older


def test_without_a_jdk_the_command_tells_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def none() -> Path:
        raise JdkMissing("none")

    monkeypatch.setattr(stack_module, "jdk_home", none)
    assert main(["stack", "up", "--folder", str(tmp_path), "--lang", "en"], {}) == 2
    told = capsys.readouterr().err
    assert "JDK of Java 21 or newer" in told
    assert "HUB_JAVA_HOME" in told
    assert main(["stack", "up", "--folder", str(tmp_path), "--brokers", "2"], {}) == 2
    assert main(["stack", "status", "--folder", str(tmp_path)], {}) == 2
