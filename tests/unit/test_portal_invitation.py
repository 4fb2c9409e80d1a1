"""The pages of invitations and of signed-in devices on a made-up API, and what is told beside a form's page."""

import httpx
import pytest

from hub.kernel.problems import ProblemDetails, ProblemItem
from schemas.http import accounts, organisations, own_data
from services.portal.core.devices import device_text
from tests.unit.portal_accounts import OFFERED, TOKEN
from tests.unit.portal_api import Asked, answering, sent, signed_in

pytestmark = pytest.mark.unit
SAME_SITE = {"origin": "http://hub.test"}
INVITED = "inv-1.secret"


@pytest.fixture
def asked() -> Asked:
    return signed_in()


def opened(asked: Asked, *, link: str = f"http://hub.test/invitation#{INVITED}") -> httpx.Response:
    """The page of an invitation whose link was followed."""
    answer = asked.browser.post("/invitation", data={"invitation": link}, headers=SAME_SITE)
    assert answer.headers["location"] == "/invitation"
    return asked.browser.get("/invitation")


def test_an_invitations_credential_is_in_no_address_and_no_script_can_read_it() -> None:
    asked = Asked("https")
    answer = asked.browser.post(
        "/invitation", data={"invitation": f"#{INVITED}"}, headers={"origin": "https://hub.test"}
    )
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"hub_invitation={INVITED};")
    assert all(word in cookie.lower() for word in ("httponly", "secure", "samesite=lax", "path=/invitation"))
    text = asked.browser.get("/invitation").text
    assert "/sign-in?next=%2Finvitation" in text
    assert INVITED not in text, "nothing to answer with before signing in"


def test_an_invitation_that_is_of_no_use_is_told_and_forgotten(asked: Asked) -> None:
    asked.answer = answering((organisations.LOOK_AT_INVITATION, 404))
    answer = opened(asked)
    assert answer.status_code == 404
    assert "已经用过、撤回或过期" in answer.text
    assert 'hub_invitation=""' in answer.headers["set-cookie"]


def test_whoever_was_not_invited_is_told_to_sign_in_otherwise(asked: Asked) -> None:
    asked.answer = answering((organisations.LOOK_AT_INVITATION, OFFERED | {"email": "else@b.cn"}))
    text = opened(asked).text
    assert "else@b.cn" in text
    assert "a@b.cn" in text
    assert "/invitation/answer" not in text
    answer = asked.browser.post("/sign-out", data={"next": "/sign-in?next=%2Finvitation"}, headers=SAME_SITE)
    assert answer.headers["location"] == "/sign-in?next=%2Finvitation"


def test_who_joins_acts_for_the_organisation_from_then_on(asked: Asked) -> None:
    opened(asked)
    form = {"invitation": INVITED, "answer": "accept", "name": "李"}
    answer = asked.browser.post("/invitation/answer", data=form, headers=SAME_SITE)
    assert answer.headers["location"] == "/organisation?joined=1"
    assert sent(asked, organisations.ANSWER_INVITATION.path) == {"invitation": INVITED, "accept": True}
    assert sent(asked, accounts.ACT_FOR.path) == {"organisation": "org-1"}
    assert sent(asked, accounts.CHANGE_ACCOUNT.path) == {"name": "李"}


def test_who_declines_joins_nothing(asked: Asked) -> None:
    form = {"invitation": INVITED, "answer": "decline"}
    assert "已谢绝" in asked.browser.post("/invitation/answer", data=form, headers=SAME_SITE).text
    assert sent(asked, organisations.ANSWER_INVITATION.path)["accept"] is False
    assert accounts.ACT_FOR.path not in [request.url.path for request in asked.requests]


def test_who_came_to_join_is_not_asked_to_register_first() -> None:
    asked = Asked()
    begun = {"id": "s", "token": TOKEN, "expires_at": "2126-11-20T02:00:00Z", "account": "a", "registered": False}
    asked.answer = answering((accounts.BEGIN_SESSION, begun))
    form = {"ticket": "sgn-1", "code": "1", "next": "/invitation"}
    answer = asked.browser.post("/sign-in/code", data=form, headers=SAME_SITE)
    assert answer.headers["location"] == "/invitation"


@pytest.mark.parametrize(
    ("path", "form", "here"),
    [
        ("/organisations/org-1/invitations", {"role.member": "1"}, "%2Forganisation"),
        ("/invitation/answer", {"invitation": INVITED, "answer": "decline"}, "%2Finvitation"),
        ("/sign-in/code", {"email": "a@b.cn", "next": "/saved"}, "%2Fsign-in%3Fnext%3D%252Fsaved"),
    ],
)
def test_the_other_language_is_a_page_that_can_be_read(
    asked: Asked, path: str, form: dict[str, str], here: str
) -> None:
    text = asked.browser.post(path, data=form, headers=SAME_SITE).text
    assert f"/language?to=en&amp;next={here.replace('%2F', '/')}" in text


def test_ones_own_data_is_a_file_and_erasing_it_ends_the_session(asked: Asked) -> None:
    file = asked.browser.get("/account/data/export")
    assert file.headers["content-disposition"] == 'attachment; filename="my-data.json"'
    assert file.json()["account"]["emails"] == ["a@b.cn"]
    answer = asked.browser.post("/account/data/erase", data={"confirmation": "a@b.cn"}, headers=SAME_SITE)
    assert sent(asked, own_data.ERASE_OWN.path) == {"confirmation": "a@b.cn"}
    assert "已取消 2 个预约" in answer.text
    assert 'hub_session=""' in answer.headers["set-cookie"]
    assert "/account" not in answer.text, "nobody is signed in any more"
    asked.browser.cookies.set("hub_session", TOKEN)
    asked.answer = answering((own_data.ERASE_OWN, 422))
    answer = asked.browser.post("/account/data/erase", data={"confirmation": "x<"}, headers=SAME_SITE)
    assert answer.status_code == 422
    assert 'value="x&lt;"' in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    ("agent", "text"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537 Chrome/131.0 Safari/537.36", "Chrome · Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Version/18.1 Safari/604.1", "Safari · iPhone"),
        ("Mozilla/5.0 (Linux; Android 14) AppleWebKit/537 Chrome/116 Mobile MicroMessenger/8.0.49", "WeChat · Android"),
        ("Mozilla/5.0 (Windows NT 10.0; Win64) Chrome/131.0 Safari/537.36 Edg/131.0", "Edge · Windows"),
        ("curl/8.5", "curl/8.5"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_browser_is_called_what_people_call_it(agent: str, text: str) -> None:
    assert device_text(agent) == text


@pytest.mark.parametrize(
    ("path", "form", "field", "helps"),
    [
        ("/sign-in/code", {"ticket": "sgn-1", "code": "1"}, "code", "重新获取"),
        ("/sign-in", {"link": "hub_lnk-x"}, "link", "用电子邮箱登录"),
    ],
)
def test_who_cannot_come_in_is_told_what_to_do_and_no_name_of_the_api(
    path: str, form: dict[str, str], field: str, helps: str
) -> None:
    asked, name = Asked(), f"字段“{field}”"
    item = ProblemItem(code="x", message=f"{name}；应为", expected="", found="", field=field, label=None, row=None)
    refusal = ProblemDetails(type="about:blank#x", title=name, status=401, errors=(item,)).model_dump_json()
    headers = {"content-type": "application/problem+json"}
    asked.answer = lambda request: (
        httpx.Response(401, content=refusal, headers=headers)
        if request.url.path == accounts.BEGIN_SESSION.path
        else None
    )
    answer = asked.browser.post(path, data=form, headers=SAME_SITE)
    assert answer.status_code == 401
    assert helps in answer.text
    assert name not in answer.text
