"""PIDINST and CERIF: the standards' own examples, what only some records have, and documents meant to harm."""

import io
from pathlib import Path

import pytest

from hub.kernel.problems import Refusal
from schemas.kind import kind_named
from services.ingest.core.rows import Limits, Row
from services.ingest.core.submissions import Checked, Frame, Refused, checked
from services.ingest.formats import cerif, pidinst

pytestmark = pytest.mark.unit
EXAMPLES = Path(__file__).resolve().parents[1] / "data" / "formats"
INSTRUMENT = kind_named("instrument")


def instruments(document: str | bytes, limits: Limits | None = None) -> list[Row]:
    data = document.encode() if isinstance(document, str) else document
    return list(pidinst.read(io.BytesIO(data), INSTRUMENT, limits or Limits()))


def entities(document: str | bytes, kind: str) -> list[Row]:
    data = document.encode() if isinstance(document, str) else document
    return list(cerif.read(io.BytesIO(data), kind_named(kind), Limits()))


def example(name: str) -> bytes:
    return (EXAMPLES / "cerif" / f"openaire_cerif_xml_example_{name}.xml").read_bytes()


def outcome(row: Row, kind: str) -> Checked | Refused:
    return checked(row, Frame(kind_named(kind), "cris", "harvested", "2026-01-01T00:00:00.000000Z", 1))


def test_the_examples_of_pidinst_are_taken() -> None:
    document = (EXAMPLES / "pidinst" / "hzb-mx-14-1-pilatus.xml").read_bytes()
    assert pidinst.FORMAT.sniff(document[:4096])
    (row,) = instruments(document)
    found = outcome(row, "instrument")
    assert isinstance(found, Checked)
    assert found.statement.source_record_id == "1234.1675.1"
    hzb = {"name_en": "Helmholtz-Zentrum Berlin für Materialien und Energie", "ror": "https://ror.org/02aj13c28"}
    assert found.fields == {
        "name_en": "Pilatus detector at MX station 14.1",
        "owner": hzb,
        "manufacturer": {"name_en": "DECTRIS"},
        "model": "PILATUS3 S 6M",
        "serial_number": "1234567",
        "instrument_types": [{"name": "Raster image pixel detector"}],
        "measured_variables": ["X-ray"],
        "description": "The Pilatus 6M pixel-detector at the MX station 14.1",
        "related_identifiers": [
            {"value": "1234.1675", "type": "Handle", "relation": "IsComponentOf"},
            {
                "value": "https://www.dectris.com/products/pilatus3/pilatus3-s-for-synchrotron/details/pilatus3-s-6m",
                "type": "URL",
                "relation": "References",
            },
        ],
        # The example's Handle is none: it lacks a suffix.
        "alternate_identifiers": [{"value": "1234.1675.1", "type": "Other", "name": "Handle"}],
        "landing_page": "https://www.helmholtz-berlin.de/pubbin/igama_output?modus=einzel&sprache=en&gid=1675&typoid=35517",
    }
    for name in ("hzb-mx-14-1", "hzb-nanocluster"):
        (row,) = instruments((EXAMPLES / "pidinst" / f"{name}.xml").read_bytes())
        assert isinstance(outcome(row, "instrument"), Checked)


FULL = """<instrument xmlns="http://example.org/any">
  <identifier identifierType="DOI">https://doi.org/10.5442/NI000001</identifier>
  <name>场发射透射电子显微镜</name>
  <owners>
    <owner><ownerName>浙江大学</ownerName><ownerContact>tem@zju.edu.cn</ownerContact>
      <ownerIdentifier ownerIdentifierType="USCC">12100000470095016Q</ownerIdentifier></owner>
    <owner><ownerName>Zhejiang Lab</ownerName></owner>
  </owners>
  <manufacturers><manufacturer><manufacturerName>JEOL</manufacturerName></manufacturer>
    <manufacturer><manufacturerName>Gatan</manufacturerName></manufacturer></manufacturers>
  <model><modelName>JEM-2100F</modelName><modelIdentifier modelIdentifierType="URL">urn:m</modelIdentifier></model>
  <instrumentTypes><instrumentType><instrumentTypeName>TEM</instrumentTypeName>
    <instrumentTypeIdentifier instrumentTypeIdentifierType="URL">http://x.org/tem</instrumentTypeIdentifier>
  </instrumentType></instrumentTypes>
  <measuredVariables><measuredVariable>a</measuredVariable><measuredVariable>b</measuredVariable></measuredVariables>
  <dates><date dateType="DeCommissioned">2026-01-02</date><date dateType="Commissioned">2018-03-21</date></dates>
  <alternateIdentifiers>
    <alternateIdentifier alternateIdentifierType="InventoryNumber">20180321</alternateIdentifier>
    <alternateIdentifier alternateIdentifierType="Other" alternateIdentifierName="仪器编号">N1</alternateIdentifier>
    <alternateIdentifier alternateIdentifierType="Other" alternateIdentifierName="nickname">Tom</alternateIdentifier>
  </alternateIdentifiers>
</instrument>"""


def test_every_element_of_pidinst_has_its_field() -> None:
    (row,) = instruments(FULL)
    found = outcome(row, "instrument")
    assert isinstance(found, Checked)
    assert found.fields == {
        "name_zh": "场发射透射电子显微镜",
        "pid": "10.5442/ni000001",
        "pid_type": "DOI",
        "owner": {"uscc": "12100000470095016Q", "name_zh": "浙江大学"},
        "co_owners": [{"name_en": "Zhejiang Lab"}],
        "contact": {"email": "tem@zju.edu.cn"},
        "manufacturer": {"name_en": "JEOL"},
        "other_manufacturers": [{"name_en": "Gatan"}],
        "model": "JEM-2100F",
        "model_identifier": "urn:m",
        "instrument_types": [{"name": "TEM", "identifier": "http://x.org/tem", "identifier_type": "URL"}],
        "measured_variables": ["a", "b"],
        "commissioned": "2018-03-21",
        "decommissioned": "2026-01-02",
        "inventory_number": "20180321",
        "national_number": "N1",
        "alternate_identifiers": [{"value": "Tom", "type": "Other", "name": "nickname"}],
    }


def test_many_records_stand_in_any_wrapper_and_a_long_one_is_passed_over() -> None:
    long = f"<instrument><name>{'x' * 400}</name><dates><date/></dates></instrument>"
    short = "<instrument><name>{}</name></instrument>"
    found = instruments(f"<all><some>{short.format('a')}{long}</some>{short.format('b')}</all>", Limits(row_bytes=300))
    assert [(row.number, row.data, len(row.problems)) for row in found] == [
        (1, {"name_en": "a"}, 0),
        (2, {}, 1),
        (3, {"name_en": "b"}, 0),
    ]


def test_a_break_after_good_records_is_the_last_row() -> None:
    first, last = instruments("<a><instrument><name>x</name></instrument>\n<instrument><name>y</a>")
    assert not first.problems
    assert (last.number, last.problems[0].code) == (2, "broken-xml")
    assert "line 2" in last.problems[0].expected.en


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ("", "empty-document"),
        ("<a", "broken-xml"),
        ("<a><name>x</name></a>", "no-entity"),
        (f'<!DOCTYPE a [<!ENTITY l0 "lol">{LAUGHS}]><instrument><name>&l9;</name></instrument>', "doctype"),
        (f'<!DOCTYPE a [<!ENTITY l0 "lol">{LAUGHS}]><instrument name="&l9;"/>', "broken-xml"),
        ('<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><instrument><name>&x;</name></instrument>', "doctype"),
        ('<!DOCTYPE instrument SYSTEM "http://127.0.0.1:9/x.dtd"><instrument><name>x</name></instrument>', "doctype"),
    ],
)
def test_documents_that_are_none_or_meant_to_harm_are_refused_at_once(document: str, code: str) -> None:
    with pytest.raises(Refusal) as refusal:
        pidinst.read(io.BytesIO(document.encode()), INSTRUMENT, Limits())
    assert refusal.value.problems[0].code == code


@pytest.mark.parametrize(
    ("name", "kind", "taken", "refused"),
    [("equipments", "instrument", 2, 0), ("persons", "expert", 17, 2), ("orgunits", "organisation", 13, 0),
     ("orgunits", "laboratory", 13, 0), ("projects", "project", 4, 0), ("publications", "expert", 0, 0)],
)  # fmt: skip
def test_the_examples_of_openaire_are_taken(name: str, kind: str, taken: int, refused: int) -> None:
    """Two people have ORCID iDs whose check digits are wrong; people inside publications are no records."""
    assert cerif.FORMAT.sniff(example(name)[:4096])
    found = [outcome(row, kind) for row in entities(example(name), kind)]
    assert sum(isinstance(row, Checked) for row in found) == taken
    assert [row.problems[0].code for row in found if isinstance(row, Refused)] == ["orcid"] * refused


def test_an_equipment_and_a_person_of_the_examples() -> None:
    row = entities(example("equipments"), "instrument")[1]
    assert (row.source_record_id, row.version) == ("oai:cris.example.org:82394875", "2018-01-07T14:00:00Z")
    assert row.data == {
        "name_en": "Cessna T207A operated by Freie Universität Berlin",
        "inventory_number": "2005:192834/11A",
        "description": "The Cessna T207A operated by Freie Universität Berlin, Institut für Weltraumwissenschaften, "
        "for the EUFAR project",
    }
    person = outcome(entities(example("persons"), "expert")[0], "expert")
    assert isinstance(person, Checked)
    assert person.fields == {
        "name_en": "Nikos Houssos",
        "family_names": "Houssos",
        "first_names": "Nikos",
        "orcid": "0000-0002-5277-285X",
        "researcher_id": "F-8684-2012",
        "scopus_id": "6508266266",
        "organisation": {"name_en": "EKT"},
        "email": "email1@example.org",
        "phone": "+301234567890",
    }


def test_a_project_of_the_examples() -> None:
    row = outcome(entities(example("projects"), "project")[0], "project")
    assert isinstance(row, Checked)
    told = {name: value for name, value in row.fields.items() if name not in ("abstract_en", "keywords")}
    assert told == {
        "number": "777541",
        "name_en": "OpenAIRE Advancing Open Scholarship",
        "acronym": "OpenAIRE-Advance",
        "grant_doi": "10.3030/777541",
        "programme": "H2020 funding for the OpenAIRE-Advance project",
        "start_date": "2018-01-01",
        "end_date": "2021-02-28",
        "funder": {"name_en": "European Commission"},
        "lead": {"name_en": "NATIONAL AND KAPODISTRIAN UNIVERSITY OF ATHENS"},
        "organisations": [
            {"name_en": "NATIONAL RESEARCH COUNCIL", "role": "partner"},
            {"name_en": "Bielefeld University", "role": "partner"},
        ],
    }
    assert "abstract" not in row.fields
    assert row.fields["keywords"][0] == "open access"


CERIF = "https://www.openaire.eu/cerif-profile/1.2/"
WRAPPED = f"""<CERIF xmlns="{CERIF}">
 <Person id="p1"><PersonName><FamilyNames>张</FamilyNames><FirstNames>三</FirstNames></PersonName>
  <PersonName><FamilyNames>Zhang</FamilyNames><FirstNames>San</FirstNames></PersonName><Gender>f</Gender></Person>
 <Project id="j1">
  <Title xml:lang="zh-CN">星系演化</Title><Title xml:lang="en">Galaxies</Title>
  <Identifier type="http://example.org/t#ProjectReference">LZ23F020001</Identifier>
  <StartDate>2023</StartDate><EndDate>2025-02</EndDate>
  <Consortium><Coordinator><DisplayName>浙江大学</DisplayName></Coordinator>
   <Coordinator><OrgUnit><Name xml:lang="en">Second</Name></OrgUnit></Coordinator></Consortium>
  <Team><PrincipalInvestigator><Person><PersonName><FamilyNames>李</FamilyNames><FirstNames>四</FirstNames></PersonName>
    <ORCID>https://orcid.org/0000-0002-5277-285X</ORCID></Person></PrincipalInvestigator>
   <Member><DisplayName>Wang Wu</DisplayName></Member></Team>
  <Funded><As><Funding><Amount currency="CNY">800,000</Amount></Funding></As></Funded>
  <Status>http://example.org/status#Ongoing</Status><Subject>F0202</Subject><Subject>http://example.org/other</Subject>
  <Abstract xml:lang="zh">摘要</Abstract><Abstract xml:lang="en">Abstract</Abstract>
 </Project>
</CERIF>"""


def test_languages_roles_money_and_vague_dates_are_read_from_a_bare_wrapper() -> None:
    (person,) = entities(WRAPPED, "expert")
    assert (person.number, person.source_record_id, person.version) == (1, "p1", None)
    assert isinstance(person.data, dict)
    assert person.data["name_zh"] == "张三"
    assert (person.data["name_en"], person.data["gender"]) == ("San Zhang", "female")
    (row,) = entities(WRAPPED, "project")
    found = outcome(row, "project")
    assert isinstance(found, Checked)
    assert (found.row.number, found.statement.source_record_id) == (2, "j1")
    assert found.fields == {
        "number": "LZ23F020001",
        "name_zh": "星系演化",
        "name_en": "Galaxies",
        "status": "active",
        "start_date": "2023-01-01",
        "end_date": "2025-02-28",
        "budget": {"amount": "800000.00", "currency": "CNY"},
        "lead": {"name_zh": "浙江大学"},
        "organisations": [{"name_en": "Second", "role": "coordinator"}],
        "leader": {"orcid": "0000-0002-5277-285X", "name_zh": "李四"},
        "people": [{"name_en": "Wang Wu", "role": "member"}],
        "disciplines": ["F0202"],
        "abstract": "摘要",
        "abstract_en": "Abstract",
    }


def deleted(number: int, *sets: str) -> str:
    specs = "".join(f"<setSpec>{spec}</setSpec>" for spec in sets)
    return (
        f'<record><header status="deleted"><identifier>oai:x:{number}</identifier>'
        f"<datestamp>2026-01-0{number}</datestamp>{specs}</header></record>"
    )


def test_deletions_withdraw_and_those_of_other_entities_are_passed_over() -> None:
    records = deleted(1) + deleted(2, "openaire_cris_persons") + deleted(3, "openaire_cris_projects", "mine")
    alive = (
        "<record><header><identifier>oai:x:4</identifier><datestamp>2026-01-04</datestamp></header><metadata>"
        f'<Project xmlns="{CERIF}"><Acronym>A</Acronym></Project></metadata></record>'
    )
    document = (
        f'<OAI-PMH xmlns="http://www.openarchives.org/OAI/2.0/"><ListRecords>{records}{alive}</ListRecords></OAI-PMH>'
    )
    found = entities(document, "project")
    assert [(row.number, row.source_record_id, row.version, row.operation) for row in found] == [
        (1, "oai:x:1", "2026-01-01", "withdraw"),
        (3, "oai:x:3", "2026-01-03", "withdraw"),
        (4, "oai:x:4", "2026-01-04", None),
    ]
    withdrawn = outcome(found[0], "project")
    assert isinstance(withdrawn, Checked)
    assert withdrawn.operation == "withdraw"
