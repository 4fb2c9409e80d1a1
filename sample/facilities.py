"""Synchrotrons and free-electron lasers as a public directory lists them: names, countries and web pages."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

Fields = dict[str, Any]

COUNTRIES: Mapping[str, str] = {
    "Armenia": "AM", "Australia": "AU", "Brazil": "BR", "Canada": "CA", "China": "CN", "Denmark": "DK", "France": "FR",
    "Germany": "DE", "India": "IN", "Iran": "IR", "Italy": "IT", "Japan": "JP", "Jordan": "JO", "Korea": "KR",
    "Russia": "RU", "Singapore": "SG", "Spain": "ES", "Sweden": "SE", "Switzerland": "CH", "Taiwan": "TW",
    "Thailand": "TH", "The Netherlands": "NL", "Turkey": "TR", "USA": "US", "United Kingdom": "GB",
}  # fmt: skip
# Planned machines that the directory still lists, and a project that it lists beside the machine built by it.
NEVER_BUILT = frozenset({"CANDLE", "DELSY", "SuperB FEL", "SuperSOR", "XFEL"})
# Names in common use in Chinese; the others keep their own name alone.
CHINESE: Mapping[str, str] = {
    "ALBA": "西班牙 ALBA 同步辐射光源",
    "ALS": "美国先进光源",
    "APS": "美国先进光子源",
    "AS": "澳大利亚同步加速器",
    "BSRF": "北京同步辐射装置",
    "CHESS": "康奈尔高能同步辐射源",
    "CLS": "加拿大光源",
    "Diamond": "英国钻石光源",
    "ELETTRA": "意大利 Elettra 同步辐射光源",
    "ESRF": "欧洲同步辐射装置",
    "FLASH": "德国自由电子激光 FLASH",
    "HZB": "柏林同步辐射光源 BESSY II",
    "LCLS": "直线加速器相干光源",
    "LNLS": "巴西国家同步辐射光源实验室",
    "MAX IV": "瑞典 MAX IV 实验室",
    "NSLS-II": "美国国家同步辐射光源 II",
    "NSRL": "国家同步辐射实验室",
    "NSRRC": "同步辐射研究中心（新竹）",
    "PETRA III": "德国同步辐射光源 PETRA III",
    "PF": "光子工厂",
    "PLS": "浦项光源",
    "SACLA": "SACLA 自由电子激光",
    "SESAME": "中东同步辐射光源",
    "SLS": "瑞士光源",
    "SOLEIL": "法国 SOLEIL 同步辐射光源",
    "SPRING-8": "SPring-8 大型同步辐射装置",
    "SSRF": "上海同步辐射光源",
    "SSRL": "斯坦福同步辐射光源",
    "SwissFEL": "瑞士自由电子激光",
    "XFEL.EU": "欧洲 X 射线自由电子激光装置",
}
_TYPES = {
    "synchrotrons": ("synchrotron", "同步辐射光源", "Synchrotron light source"),
    "fels": ("fel", "自由电子激光", "Free-electron laser"),
}


def facilities(folder: Path) -> list[Fields]:
    """Every light source that was built; postal addresses stay out, since people and telephones stand among them."""
    found = []
    for file_name, (prefix, type_zh, type_en) in sorted(_TYPES.items()):
        listed = json.loads((folder / f"{file_name}.json").read_text("utf-8"))
        for key in sorted(listed):
            if key not in NEVER_BUILT:
                found.append(_facility(key, listed[key], prefix, type_zh, type_en))
    return found


def _facility(key: str, told: Mapping[str, Any], prefix: str, type_zh: str, type_en: str) -> Fields:
    name = " ".join(told["fullname"].split())
    fields = {
        "_id": f"{prefix}-{re.sub(r'[^a-z0-9]+', '-', key.casefold())}",
        "_version": 1,
        "name_zh": CHINESE.get(key),
        "name_en": name if key.casefold() in name.casefold() else f"{name} ({key})",
        "category_code": "14",
        "instrument_types": [{"name": type_zh}],
        "resource_type": "facility",
        "description": f"{type_zh}。数据来自公开名录，未在本枢纽登记预约。\n{type_en}; from a public directory.",
        "techniques": [type_zh],
        "place": {"country": COUNTRIES[told["country"]]},
        "status": "in_service" if told["active"] else "retired",
        "landing_page": told["website"],
    }
    return {name: value for name, value in fields.items() if value is not None}
