"""What every catalogue must do. An adapter's test supplies `opened` (a factory) and `catalogue`.

Capability `ties by id`: equal keys come in the order of their ids. `many at once`: it is cheap enough to open for a
property test. `pinyin`: names are found by pinyin.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.kernel.problems import Refusal
from hub.ports.catalogue import Box, Catalogue, Document, Near, Query
from services.catalog.core.projection import digest_of_documents
from tests.conformance.catalogue_documents import HANGZHOU, doc, found, ids, newer, walked, withdrawn
from tests.conformance.catalogue_reference import Reference, documents, queries
from tests.conformance.gaps import Conformance, needs

Opened = Callable[[], Catalogue]


class CatalogueConformance(Conformance):
    suite = "catalogue"

    @needs("many at once")
    def test_it_answers_as_the_plainest_catalogue_does(self, opened: Opened) -> None:
        @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(documents(), st.lists(queries(), min_size=2, max_size=4))
        def compare(made: list[Document], asked: list[Query]) -> None:
            catalogue, reference = opened(), Reference(made)
            for start in range(0, len(made), 7):
                catalogue.apply(made[start : start + 7])
            for query in asked:
                expected = sorted(document.id for document in reference.matching(query))
                page = catalogue.search(query)
                assert page.total == len(expected)
                assert {path: dict(page.facets[path]) for path in query.facets} == {
                    path: dict(reference.counts(query, path)) for path in query.facets
                }
                pages = walked(catalogue, query)
                assert sorted(pages) == expected
                relevant = walked(catalogue, replace(query, sort="relevance"))
                assert sorted(relevant) == expected
                if "ties by id" in self.capabilities and query.sort == "-updated":
                    assert pages == reference.ordered(query)
            catalogue.close()

        compare()

    def test_only_newer_versions_count(self, catalogue: Catalogue) -> None:
        first = doc(1, "质谱仪")
        assert catalogue.apply([first, doc(2, "显微镜", version=3)]) == 2
        assert catalogue.apply([first, doc(2, "离心机", version=2)]) == 0
        assert catalogue.apply([newer(first, title="x"), first]) == 1
        assert catalogue.versions(["instrument-001", "instrument-002", "no"]) == {
            "instrument-001": 2,
            "instrument-002": 3,
        }
        assert found(catalogue, "显微镜") == ["instrument-002"]
        assert found(catalogue, "质谱仪") == found(catalogue, "离心机") == []
        assert catalogue.count() == 2

    def test_what_is_withdrawn_keeps_its_version_alone(self, catalogue: Catalogue) -> None:
        gone = doc(1, "质谱仪", links={"owner": ("organisation-1",)})
        catalogue.apply([gone, doc(2, "质谱仪")])
        catalogue.apply([withdrawn(gone)])
        assert catalogue.apply([gone]) == 0
        assert found(catalogue, "质谱仪") == ["instrument-002"]
        assert catalogue.get([gone.id]) == {}
        assert catalogue.linked("organisation-1") == []
        assert [one.id for one in catalogue.suggest("质谱")] == ["instrument-002"]
        assert catalogue.versions([gone.id]) == {gone.id: 2}
        assert catalogue.count() == 1

    @pytest.mark.parametrize(
        ("name", "typed"),
        [
            ("场发射透射电子显微镜", "透射电子"),
            ("中国科学院大学", "中国科学院"),
            ("浙江大学", "江大学"),
            ("JEM-2100F 电镜", "jem2100f"),
            ("JEM2100F 电镜", "JEM-2100F"),
            ("Confocal Microscopes", "microscope confocal"),
            ("ＬＣ－ＭＳ 联用仪", "lcms"),
            ("Université de Lyon", "universite"),
            ("Chromatography", "chroma"),
        ],
    )
    def test_part_of_a_name_finds_it(self, catalogue: Catalogue, name: str, typed: str) -> None:
        catalogue.apply([doc(1, name), doc(2, "别的东西 else")])
        assert found(catalogue, typed) == ["instrument-001"]

    @needs("pinyin")
    @pytest.mark.parametrize(
        "typed", ["zhejiang daxue", "zhejiangdaxue", "zjdx", "zhejiangdaxuecailiao", "浙江 cailiao"]
    )
    def test_names_are_found_by_pinyin(self, catalogue: Catalogue, typed: str) -> None:
        catalogue.apply([doc(1, "浙江大学材料学院"), doc(2, "重庆银行"), doc(3, "", "浙江大学材料学院")])
        assert found(catalogue, typed) == ["instrument-001"]

    def test_all_terms_are_required_unless_there_are_many(self, catalogue: Catalogue) -> None:
        catalogue.apply([doc(1, "alpha bravo"), doc(2, "alpha"), doc(3, "alpha bravo carbon")])
        assert found(catalogue, "alpha echo") == []
        assert found(catalogue, "alpha bravo carbon echo") == ["instrument-003"]
        assert found(catalogue, "？！") == []
        assert catalogue.search(Query(text="  ")).total == 3

    def test_names_come_before_titles_and_titles_before_texts(self, catalogue: Catalogue) -> None:
        filler = "别的内容" * 3
        catalogue.apply(
            [
                doc(1, "离心机", f"附带质谱仪 {filler}"),
                doc(2, "液相色谱质谱仪联用系统"),
                doc(3, "质谱仪"),
                doc(4, "离心机", f"质谱仪、质谱仪与质谱仪 {filler}"),
                doc(5, "质谱仪校准装置"),
            ]
        )
        hits = catalogue.search(Query(text="质谱仪")).hits
        assert ids(hits)[0] == "instrument-003"
        assert set(ids(hits)[1:3]) == {"instrument-002", "instrument-005"}
        assert set(ids(hits)[3:]) == {"instrument-001", "instrument-004"}
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)

    def test_counts_of_a_facet_ignore_its_own_filter(self, catalogue: Catalogue) -> None:
        catalogue.apply(
            [
                doc(1, "质谱", facets={"category": ("01", "02"), "status": ("idle",)}),
                doc(2, "质谱", facets={"category": ("01",), "status": ("retired",)}),
                doc(3, "质谱", facets={"category": ("03",), "status": ("idle",)}),
                doc(4, "光谱", kind="project", facets={"category": ("03",)}),
            ]
        )
        asked = Query(
            "质谱", kinds=("instrument",), filters={"category": ("02", "03")}, facets=("category", "status", "kind")
        )
        page = catalogue.search(asked)
        assert page.total == 2
        assert page.facets["category"] == (("01", 2), ("02", 1), ("03", 1))
        assert page.facets["status"] == (("idle", 2),)
        assert page.facets["kind"] == (("instrument", 2),)

    def test_places(self, catalogue: Catalogue) -> None:
        spots = [HANGZHOU, (30.27, 120.12), (31.2, 121.5), (0.0, 179.9), (0.0, -179.9), (90.0, 0.0)]
        catalogue.apply([doc(number, "站", geo=geo) for number, geo in enumerate(spots)] + [doc(9, "站")])
        near = Near(*HANGZHOU, 250)
        page = catalogue.search(Query("站", near=near, sort="distance"))
        assert ids(page.hits) == ["instrument-000", "instrument-001", "instrument-002"]
        assert [hit.distance_km for hit in page.hits] == pytest.approx([0, 1.112, 167.9], abs=0.5)
        assert walked(catalogue, Query(near=near, sort="-distance", size=1)) == ids(page.hits)[::-1]
        assert set(walked(catalogue, Query(box=Box(-1, 179, 1, -179)))) == {"instrument-003", "instrument-004"}
        assert walked(catalogue, Query(box=Box(80, -180, 90, 180))) == ["instrument-005"]
        assert walked(catalogue, Query(near=Near(0, 180, 12), sort="distance")) == ["instrument-003", "instrument-004"]

    def test_sorts_end_with_what_has_no_value(self, catalogue: Catalogue) -> None:
        catalogue.apply(
            [
                doc(1, "重庆大学", numbers={"staff": 5}),
                doc(2, "Alpha", numbers={"staff": -2.5}),
                doc(3, "安徽大学"),
                doc(4, "", numbers={"staff": 7}),
            ]
        )
        assert walked(catalogue, Query(sort="staff", size=1)) == [f"instrument-00{number}" for number in (2, 1, 4, 3)]
        assert walked(catalogue, Query(sort="-staff", size=3)) == [f"instrument-00{number}" for number in (4, 1, 2, 3)]
        assert walked(catalogue, Query(sort="-updated", size=2))[0] == "instrument-004"
        by_name = walked(catalogue, Query(sort="title", size=2))
        assert [one for one in by_name if one != "instrument-004"] == [f"instrument-00{number}" for number in (2, 3, 1)]

    def test_a_cursor_belongs_to_its_search(self, catalogue: Catalogue) -> None:
        catalogue.apply([doc(number, "质谱") for number in range(5)])
        query = Query("质谱", size=2)
        cursor = catalogue.search(query).next_cursor
        assert cursor is not None
        assert ids(catalogue.search(replace(query, cursor=cursor, size=5)).hits) == [
            f"instrument-00{n}" for n in (2, 3, 4)
        ]
        for wrong in (replace(query, text="光谱", cursor=cursor), replace(query, cursor=cursor[:-2] + "AA")):
            with pytest.raises(Refusal) as refused:
                catalogue.search(wrong)
            assert (refused.value.status, refused.value.problems[0].code) == (400, "bad-cursor")

    @pytest.mark.parametrize(
        ("wrong", "told"),
        [
            (Query(filters={"categori": ("01",)}), "category"),
            (Query(facets=("statuss",)), "status"),
            (Query(ranges={"staf": (1, None)}), "staff"),
            (Query(sort="-staf"), "-staff"),
        ],
    )
    def test_unknown_paths_are_refused_naming_the_closest(self, catalogue: Catalogue, wrong: Query, told: str) -> None:
        with pytest.raises(Refusal) as refused:
            catalogue.search(wrong)
        assert refused.value.status == 400
        assert told in refused.value.problems[0].expected.en
        with pytest.raises(Refusal):
            catalogue.search(Query(sort="distance"))

    def test_matches_are_marked_and_the_rest_is_escaped(self, catalogue: Catalogue) -> None:
        catalogue.apply([doc(1, "质谱仪<b>", "普通文字。" * 60 + "Mass spectrometers & 质谱"), doc(2, "无关", "无关")])
        (hit,) = catalogue.search(Query("质谱 spectrometer", highlight=True)).hits
        assert hit.highlights["name_zh"] == "<mark>质谱</mark>仪&lt;b&gt;"
        assert hit.highlights["description"].startswith("…")
        assert "Mass <mark>spectrometers</mark> &amp; <mark>质谱</mark>" in hit.highlights["description"]
        assert len(hit.highlights["description"]) < 260
        assert catalogue.search(Query("质谱")).hits[0].highlights == {}

    def test_names_are_completed(self, catalogue: Catalogue) -> None:
        names = ("浙江大学", "Zhejiang University")
        catalogue.apply(
            [
                doc(1, names[0], kind="organisation", suggest=names),
                doc(2, "透射电子显微镜"),
                doc(3, "透射电子显微镜"),
                doc(4, "重庆大学", kind="organisation"),
            ]
        )

        def offered(typed: str, kinds: tuple[str, ...] = ()) -> list[str]:
            return [one.text for one in catalogue.suggest(typed, kinds)]

        assert offered("透射") == ["透射电子显微镜"]
        assert offered("univ") == ["Zhejiang University"]
        assert set(offered("ZHE")) == set(names)
        assert offered("zjd") == ["浙江大学"]
        assert offered("chongqing") == ["重庆大学"]
        assert offered("大学") == ["浙江大学", "重庆大学"]
        assert offered("电子") == ["透射电子显微镜"]
        assert offered("电子", ("organisation",)) == offered("!") == []
        assert len(catalogue.suggest("d", limit=1)) == 1

    def test_links_are_followed_backwards(self, catalogue: Catalogue) -> None:
        catalogue.apply(
            [doc(2, "a", links={"owner": ("o-1",), "host": ("o-1", "o-2")}), doc(1, "b", links={"owner": ("o-1",)})]
        )
        assert [(path, hit.id) for path, hit in catalogue.linked("o-1")] == [
            ("host", "instrument-002"),
            ("owner", "instrument-001"),
            ("owner", "instrument-002"),
        ]
        assert len(catalogue.linked("o-1", limit=2)) == 2
        assert catalogue.get(["instrument-001", "x"])["instrument-001"].public == {"name_zh": "b"}

    def test_a_rebuild_serves_throughout_and_keeps_what_came_meanwhile(self, catalogue: Catalogue) -> None:
        old = [doc(number, "质谱") for number in range(20)]
        catalogue.apply([*old, doc(99, "只在旧目录里")])
        late = [newer(old[3]), doc(50, "质谱"), withdrawn(old[4])]

        def batches() -> Iterator[Sequence[Document]]:
            yield old[:10]
            assert catalogue.apply(late) == 3
            assert catalogue.search(Query("质谱")).total == 20
            yield old[10:]

        assert catalogue.rebuild(batches()) == 21
        assert catalogue.search(Query("质谱")).total == 20
        assert found(catalogue, "旧目录") == []
        expected = [*(one for one in old if one.id not in {late[0].id, late[2].id}), *late]
        assert catalogue.digest() == digest_of_documents(expected)
        assert catalogue.versions([late[0].id]) == {late[0].id: 2}
        assert catalogue.apply([doc(60, "质谱")]) == 1
        assert catalogue.search(Query("质谱")).total == 21

    def test_a_failed_rebuild_changes_nothing(self, catalogue: Catalogue) -> None:
        catalogue.apply([doc(1, "质谱")])
        before = catalogue.digest()

        def batches() -> Iterator[Sequence[Document]]:
            yield [doc(2, "质谱")]
            raise OSError

        with pytest.raises(OSError):
            catalogue.rebuild(batches())
        assert (catalogue.digest(), found(catalogue, "质谱")) == (before, ["instrument-001"])
        assert catalogue.rebuild([[doc(2, "质谱")]]) == 1
        assert found(catalogue, "质谱") == ["instrument-002"]

    def test_digests_tell_contents_apart_and_nothing_else(self, opened: Opened) -> None:
        one, other = opened(), opened()
        made = [doc(1, "质谱"), doc(2, "光谱"), doc(3, "色谱")]
        one.apply(made)
        one.apply([withdrawn(made[2])])
        for document in (withdrawn(made[2]), made[1], newer(made[0]), made[0]):
            other.apply([document])
        assert one.digest() == other.digest()
        other.apply([newer(made[1], public=b'{"name_zh":"x"}')])
        assert one.digest() != other.digest()

    def test_threads_read_whole_documents_while_one_writes(self, catalogue: Catalogue) -> None:
        catalogue.apply([doc(number, "质谱", facets={"status": ("idle",)}) for number in range(10)])
        stop, wrong = threading.Event(), []

        def read() -> None:
            while not stop.is_set():
                page = catalogue.search(Query("质谱", facets=("status",), size=100))
                if page.total != 10 or sum(count for _, count in page.facets["status"]) != 10:
                    wrong.append(page)

        readers = [threading.Thread(target=read) for _ in range(3)]
        for reader in readers:
            reader.start()
        for version in range(2, 12):
            batch = [doc(n, "质谱", version=version, facets={"status": (f"s{version % 2}",)}) for n in range(10)]
            assert catalogue.apply(batch) == 10
        stop.set()
        for reader in readers:
            reader.join()
        assert wrong == []
        assert catalogue.search(Query("质谱", facets=("status",))).facets["status"] == (("s1", 10),)
