"""What an examination by `hub doctor` tells of each thing that it looked at."""

from dataclasses import dataclass

from hub.kernel.language import Bilingual

MANY_WAIT = 10_000
"""Entries that wait for a service; more of them are a finding."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check's result; `remedy` is what to do where it is not fine."""

    fine: bool
    what: Bilingual
    remedy: Bilingual | None = None


def difference(line: str) -> Finding:
    """One setting of a topic that is not as wanted."""
    if line.endswith("is missing"):
        remedy = Bilingual("运行 hub stack prepare 或启动枢纽", "run hub stack prepare, or start the hub")
    elif ": partitions is" in line:
        remedy = Bilingual(
            "分区数只能在主题建立之前选定；请恢复 HUB_PARTITIONS",
            "partitions are chosen before a topic is made; set HUB_PARTITIONS back",
        )
    else:
        remedy = Bilingual(
            "用 Kafka 的工具（kafka-configs.sh --alter）改回该主题的设置",
            "set the topic back with Kafka's own tool (kafka-configs.sh --alter)",
        )
    told = Bilingual(f"主题与 schemas/topics.yaml 不符：{line}", f"topics differ from schemas/topics.yaml: {line}")
    return Finding(False, told, remedy)
