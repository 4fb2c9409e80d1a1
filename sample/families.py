"""What the mass spectrometers of the PSI-MS vocabulary are: by analyser, by what is in front of it, and by vendor."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple


class Analyser(NamedTuple):
    """A class of mass analysers: its names and what an hour of it costs in the sample, in CNY."""

    zh: str
    en: str
    hourly: int


class Inlet(NamedTuple):
    """How a specimen comes in: what is put before the analyser's name, technique and fields of use."""

    zh: str
    en: str
    techniques: tuple[str, ...]
    fields: tuple[str, ...]
    uses: str


TANDEM_TIME_OF_FLIGHT = "MS:1003946"
# By the analyser's own term, the second parent of a model in PSI-MS.
ANALYSERS: Mapping[str, Analyser] = {
    "MS:1003762": Analyser("三重四极杆质谱仪", "triple quadrupole mass spectrometer", 180),
    "MS:1003763": Analyser("四极杆-飞行时间质谱仪", "quadrupole time-of-flight mass spectrometer", 260),
    "MS:1003764": Analyser("离子阱-飞行时间质谱仪", "ion trap time-of-flight mass spectrometer", 240),
    "MS:1003765": Analyser("四极杆-线性离子阱质谱仪", "quadrupole linear ion trap mass spectrometer", 200),
    "MS:1003766": Analyser("四极杆-傅里叶变换离子回旋共振质谱仪", "quadrupole FT-ICR mass spectrometer", 600),
    "MS:1003767": Analyser(
        "离子淌度四极杆飞行时间质谱仪", "ion mobility quadrupole time-of-flight mass spectrometer", 380
    ),
    "MS:1003768": Analyser("线性离子阱-轨道阱质谱仪", "linear ion trap Orbitrap mass spectrometer", 400),
    "MS:1003769": Analyser("四极杆-轨道阱质谱仪", "quadrupole Orbitrap mass spectrometer", 420),
    "MS:1003770": Analyser("三合一轨道阱质谱仪", "tribrid Orbitrap mass spectrometer", 500),
    "MS:1003771": Analyser("四极杆-轨道阱-非对称轨道无损质谱仪", "quadrupole Orbitrap Astral mass spectrometer", 560),
    TANDEM_TIME_OF_FLIGHT: Analyser("串联飞行时间质谱仪", "tandem time-of-flight mass spectrometer", 240),
    "MS:1003948": Analyser("傅里叶变换离子回旋共振质谱仪", "FT-ICR mass spectrometer", 560),
    "MS:1003949": Analyser("磁式质谱仪", "magnetic sector mass spectrometer", 450),
    "MS:1003950": Analyser("四极杆质谱仪", "quadrupole mass spectrometer", 100),
    "MS:1003951": Analyser("飞行时间质谱仪", "time-of-flight mass spectrometer", 180),
    "MS:1003952": Analyser("离子阱质谱仪", "ion trap mass spectrometer", 120),
    "MS:1003953": Analyser("轨道阱质谱仪", "Orbitrap mass spectrometer", 320),
    "MS:1003970": Analyser(
        "捕集离子淌度四极杆飞行时间质谱仪", "trapped ion mobility time-of-flight mass spectrometer", 420
    ),
}

GAS = Inlet(
    "气相色谱-",
    "GC ",
    ("气相色谱-质谱联用", "GC-MS"),
    ("环境分析", "食品安全", "石油化工"),
    "挥发和半挥发有机物的定性与定量",
)
MALDI = Inlet(
    "基质辅助激光解吸电离",
    "MALDI ",
    ("基质辅助激光解吸电离质谱", "MALDI-MS"),
    ("微生物鉴定", "蛋白质组学", "高分子材料"),
    "生物大分子、聚合物分子量测定与质谱成像",
)
PLASMA = Inlet(
    "电感耦合等离子体",
    "ICP ",
    ("电感耦合等离子体质谱", "ICP-MS"),
    ("地球化学", "环境分析", "半导体材料"),
    "痕量与超痕量元素及同位素分析",
)
SECONDARY = Inlet(
    "二次离子",
    "secondary ion ",
    ("二次离子质谱", "SIMS"),
    ("材料科学", "半导体材料"),
    "材料表面成分与深度剖析",
)
LIQUID = Inlet(
    "液相色谱-",
    "LC ",
    ("液相色谱-质谱联用", "LC-MS"),
    ("蛋白质组学", "代谢组学", "药物分析", "食品安全"),
    "药物、代谢物、多肽与蛋白质的定性与定量",
)
ISOTOPE = Inlet(
    "稳定同位素比值",
    "isotope ratio ",
    ("同位素比值质谱", "IRMS"),
    ("地球化学", "生态学", "考古学"),
    "轻元素稳定同位素比值测定",
)
_TOLD_BY = (
    (re.compile(r"MALDI|flex|AXIMA|Voyager|TOF/TOF"), MALDI),
    (re.compile(r"ICP|Element XR|neptune", re.IGNORECASE), PLASMA),
    (re.compile(r"secondary ion|J Series|TOF\.SIMS", re.IGNORECASE), SECONDARY),
    (re.compile(r"IsoPrime|DELTA ?plus|MAT253|TRITON", re.IGNORECASE), ISOTOPE),
    (re.compile(r"\bGC|gas chromatograph|(?<!LC/)MSD\b|Pegasus|\bDFS\b", re.IGNORECASE), GAS),
)

VENDORS: Mapping[str, tuple[str, str]] = {
    "Agilent": ("安捷伦科技", "Agilent Technologies"),
    "Applied Biosystems": ("应用生物系统公司", "Applied Biosystems"),
    "Bruker Daltonics": ("布鲁克·道尔顿", "Bruker Daltonics"),
    "IONTOF": ("IONTOF", "IONTOF"),
    "JEOL": ("日本电子", "JEOL"),
    "LECO": ("力可", "LECO"),
    "PerkinElmer": ("珀金埃尔默", "PerkinElmer"),
    "SCIEX": ("SCIEX", "SCIEX"),
    "Shimadzu": ("岛津", "Shimadzu"),
    "Thermo Fisher Scientific": ("赛默飞世尔科技", "Thermo Fisher Scientific"),
    "Varian": ("瓦里安", "Varian"),
    "Waters": ("沃特世", "Waters"),
}


def analyser_of(term: Mapping[str, Any]) -> Analyser | None:
    """The analyser of a model's term; None where the vocabulary does not tell one that we have a name for."""
    return next((ANALYSERS[parent] for parent in term["is_a"] if parent in ANALYSERS), None)


def inlet_of(term: Mapping[str, Any]) -> Inlet:
    """What stands before the analyser, read from name and definition; liquid chromatography where neither tells."""
    if TANDEM_TIME_OF_FLIGHT in term["is_a"]:
        return MALDI
    told = f"{term['name']} {definition_of(term)}"
    return next((inlet for pattern, inlet in _TOLD_BY if pattern.search(told)), LIQUID)


def definition_of(term: Mapping[str, Any]) -> str:
    """The term's definition without the quotes and the source of the OBO format."""
    return str(term["def"]).split('" [')[0].strip('"').strip()


def vendor_of(term: Mapping[str, Any]) -> str | None:
    vendor = str(term["vendor_group"]).removesuffix(" instrument model")
    return vendor if vendor in VENDORS else None
