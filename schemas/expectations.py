"""What each check expects, in both languages; keyed by the type of pydantic's error or of the hub's own."""

from collections.abc import Mapping
from typing import Any

from hub.kernel.language import Bilingual

_EXPECTED: Mapping[str, tuple[str, str]] = {
    "missing": ("必须填写", "a value"),
    "credit_code": (
        "18 位统一社会信用代码，末位校验码正确（GB 32100）",
        "an 18-character unified social credit code with a correct check character (GB 32100)",
    ),
    "ror_id": ("ROR 标识，如 https://ror.org/00a2xv884", "a ROR id such as https://ror.org/00a2xv884"),
    "orcid": ("ORCID，如 0000-0002-1825-0097，末位校验码正确", "an ORCID iD such as 0000-0002-1825-0097"),
    "resident_id": ("18 位公民身份号码（GB 11643）", "an 18-character resident identity number (GB 11643)"),
    "doi": ("DOI，如 10.17815/jlsrf-2-64", "a DOI such as 10.17815/jlsrf-2-64"),
    "pid": ("DOI 或 Handle", "a DOI or a Handle"),
    "email": ("电子邮件地址，如 name@example.edu.cn", "an e-mail address such as name@example.edu.cn"),
    "phone": ("电话号码，如 0571-87951111", "a phone number such as 0571-87951111"),
    "url": ("以 http:// 或 https:// 开头的网址", "an address that starts with http:// or https://"),
    "postcode": ("邮政编码，如 310058", "a postcode such as 310058"),
    "language": ("语言代码，如 zh 或 en-GB", "a language tag such as zh or en-GB"),
    "time_zone": ("IANA 时区，如 Asia/Shanghai", "an IANA time zone such as Asia/Shanghai"),
    "division": ("GB/T 2260 六位行政区划代码，如 330106", "a 6-digit division code of GB/T 2260 such as 330106"),
    "category_code": ("大型科学仪器分类编码，2 至 8 位数字", "a code of the instrument classification, 2 to 8 digits"),
    "code": ("代码表“{list}”中的代码", "a code of the list “{list}”"),
    "not_before": ("不早于 {start}（{other}）", "not before {start} ({other})"),
    "literal_error": ("以下之一：{expected}", "one of {expected}"),
    "bool_type": ("是或否", "yes or no"),
    "bool_parsing": ("是或否", "yes or no"),
    "int_type": ("整数", "a whole number"),
    "int_parsing": ("整数", "a whole number"),
    "int_from_float": ("整数", "a whole number"),
    "float_type": ("数字", "a number"),
    "float_parsing": ("数字", "a number"),
    "decimal_type": ("数字", "a number"),
    "decimal_parsing": ("数字", "a number"),
    "decimal_max_places": ("最多 {decimal_places} 位小数的数字", "a number with at most {decimal_places} decimals"),
    "decimal_max_digits": ("最多 {max_digits} 位的数字", "a number of at most {max_digits} digits"),
    "string_type": ("文本", "text"),
    "string_too_short": ("至少 {min_length} 个字符", "at least {min_length} character(s)"),
    "string_too_long": ("最多 {max_length} 个字符", "at most {max_length} characters"),
    "too_long": ("最多 {max_length} 项", "at most {max_length} items"),
    "too_short": ("至少 {min_length} 项", "at least {min_length} item(s)"),
    "greater_than_equal": ("不小于 {ge}", "not less than {ge}"),
    "less_than_equal": ("不大于 {le}", "not more than {le}"),
    "greater_than": ("大于 {gt}", "more than {gt}"),
    "less_than": ("小于 {lt}", "less than {lt}"),
    "date_type": ("日期，如 2024-03-01", "a date such as 2024-03-01"),
    "date_parsing": ("日期，如 2024-03-01", "a date such as 2024-03-01"),
    "date_from_datetime_parsing": ("日期，如 2024-03-01", "a date such as 2024-03-01"),
    "date_from_datetime_inexact": ("不带时刻的日期，如 2024-03-01", "a date without a time, such as 2024-03-01"),
    "timezone_aware": (
        "带时区的时间：2024-03-01T08:00:00+08:00",
        "a time with its zone: 2024-03-01T08:00:00+08:00",
    ),
    "tuple_type": ("列表", "a list"),
    "model_type": ("由子字段组成的对象", "an object of its member fields"),
    "json_invalid": ("有效的 JSON 对象", "a valid JSON object"),
}


def expected(code: str, context: Mapping[str, Any], rule: str) -> Bilingual:
    """The expectation behind an error code; the checker's own English `rule` where the hub has no words for it."""
    texts = _EXPECTED.get(code)
    if texts is None:
        return Bilingual(f"符合规则的取值（{rule}）", rule)
    try:
        return Bilingual(*texts).format(**context)
    except KeyError:
        return Bilingual(f"符合规则的取值（{rule}）", rule)
