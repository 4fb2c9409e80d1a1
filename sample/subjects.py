"""What each division of the NSF is about: its name in both languages, and the nearest NSFC discipline codes."""

from typing import NamedTuple


class Subject(NamedTuple):
    """A field of research. The codes are this sample's own reading of the division, not the funder's."""

    zh: str
    en: str
    disciplines: tuple[str, ...] = ()


OTHER = Subject("综合交叉", "Interdisciplinary research")
_SUBJECTS = {
    "AGS": Subject("大气与空间科学", "Atmospheric and geospace sciences", ("D05", "D04")),
    "AST": Subject("天文学", "Astronomical sciences", ("A03",)),
    "BCS": Subject("行为与认知科学", "Behavioural and cognitive sciences", ("C09",)),
    "CBET": Subject("化工、生物与环境工程", "Chemical, bio- and environmental engineering", ("B06", "B07")),
    "CCF": Subject("计算与通信基础", "Computing and communication foundations", ("F02",)),
    "CHE": Subject("化学", "Chemistry", ("B03",)),
    "CMMI": Subject("土木、机械与制造", "Civil, mechanical and manufacturing innovation", ("E05", "E08")),
    "CNS": Subject("计算机与网络系统", "Computer and network systems", ("F02",)),
    "DBI": Subject("生物学基础设施", "Biological infrastructure", ("C06",)),
    "DEB": Subject("环境生物学", "Environmental biology", ("C03",)),
    "DGE": Subject("研究生教育", "Graduate education"),
    "DMR": Subject("材料研究", "Materials research", ("E02", "E03")),
    "DMS": Subject("数学科学", "Mathematical sciences", ("A01",)),
    "DRL": Subject("学习研究", "Research on learning"),
    "DUE": Subject("本科教育", "Undergraduate education"),
    "EAR": Subject("地球科学", "Earth sciences", ("D02", "D03")),
    "ECCS": Subject("电气、通信与信息物理系统", "Electrical, communications and cyber systems", ("F01", "E07")),
    "IIS": Subject("信息与智能系统", "Information and intelligent systems", ("F02", "F03")),
    "IOS": Subject("整合有机体系统", "Integrative organismal systems", ("C02", "C04")),
    "MCB": Subject("分子与细胞生物学", "Molecular and cellular biosciences", ("C05", "C07")),
    "OAC": Subject("先进信息基础设施", "Advanced cyberinfrastructure", ("F02",)),
    "OCE": Subject("海洋科学", "Ocean sciences", ("D06",)),
    "OPP": Subject("极地研究", "Polar programmes", ("D01",)),
    "PHY": Subject("物理学", "Physics", ("A04", "A05")),
    "SES": Subject("社会与经济科学", "Social and economic sciences", ("G03",)),
    "TI": Subject("成果转化", "Translational impacts"),
}


def subject_of(division: str) -> Subject:
    """The subject of a division by its abbreviation."""
    return _SUBJECTS.get(division, OTHER)
