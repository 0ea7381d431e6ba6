"""The Chinese catalogue: whole, and used as it is meant."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from fontTools.ttLib import TTFont

from core.ledger import Ledger, LedgerSettings
from tests.webapp.languages.sentences import of_sources
from webapp.app import build_app
from webapp.desk import Desk
from webapp.entrance.who.identity import Access
from webapp.languages.catalogue import CATALOGUES, HOLE, catalogue
from webapp.shared.words import WEIGHT_TITLES, weights_line

ENTRIES: Final[dict[str, str]] = json.loads(CATALOGUES["zh"].read_text(encoding="utf-8"))
CHINESE: Final = catalogue("zh")
FONT: Final = Path(__file__).parents[3] / "webapp/languages/han.ttf"

#: Codes, names of formats, settings and commands, which are the same in every language.
SAME: Final = frozenset(
    """
    RUS CHN TW3 SMS Greulich Pyle Grad CAM Shuffle Attention kappa Kappa Stress BoneGrade Gradio API Hugging Face Space hub
    DICOM PNG JPEG TIFF WebP BMP GIF HEIC AVIF JP2 PDF JSON CSV XML COCO YOLO VOC Pascal Parquet UTF SHA EXIF UTC GPU zip
    photometric interpretation xmin ymin xmax ymax bbox file age sex age_years age_months original_name names classes data
    images annotations annotation filename yaml txt train val test true false graded absent unreadable python core rollback
    users add finetune trackio CPU NVIDIA Job OWNER NAME HF_TOKEN BONEGRADE_DB BONEGRADE_DATA BONEGRADE_WEIGHTS Esc Ctrl English
    """.split()  # noqa: SIM905 - a list of words in quotes would be no easier to read
)

#: What no visitor meets on the page: the log, the start of the program, files that stay in English, other programs' words.
STAYS: Final = frozenset(
    {
        "{} and {}",  # of names, which the parts of a sentence are joined by anyway
        "PALETTE COLOR", "{}PaletteColorLookupTableData", "BEGIN IMMEDIATE", "REPEATABLE READ", "foreign_keys = ON",
        "recursive_triggers = ON", "secure_delete = ON", "synchronous = FULL",
        "only SQLite and PostgreSQL have the triggers and locks that the ledger needs",
        "A total needs {} probabilities (0 to {})", "{} needs {} probabilities (grades 0 to {})",
        "nobody's password, for strangers", "fingerprint of the secret", "erased {}", "reader {}", "address {}", "person {}",
        "bonegrade corrections", "bonegrade split 1:", "bonegrade held back 1:", "BoneGrade readings at revision {}, rule {}",
        "SHA-256 of the patient key, of the film where there is none; films that look the same go with the first of them; "
        "patients with a gold film are in test",
        "{} says nothing of a film's place in the queue.",
        "BONEGRADE_ROLES holds {}: write it as alice=admin,bob=reader.",
        # the gate's report and the card of promoted weights, as files
        "# The gate:", "Run {} ({}; intervals: {}) against the live model, version {},",
        "on {} gold films of the ledger's revision {}{}{}, film by film.", "# Weights `{}`: promoted", ", up to revision {}",
        "- **Data**: {}{}. No film of a patient with a gold reading was trained on.",
        "- **Figures**: against the former model, film by film: see `gate.md`, on {} gold films.",
        "- **Run**: {}; promoted by {}.", "- **Start**: the live weights {}, version {}.",
        "- **Use**: research only. Not a medical device.", "the data of manifest {}", "the readings of a ledger",
        # what the log says at the start
        "A demo: anybody may try it, and nothing is kept. Add a user with a password to collect readings.",
        "A proxy says who is at the screen.", "A Space on ZeroGPU needs the package spaces: run `pip install spaces`.",
        "One reader, this machine's user, with every role; what they say is kept.",
        "People sign in with the names and passwords of the users file.",
        "People sign in with their Hugging Face account; anyone without a role sees no films.",
        "The work could not be kept in this tab.",
        # parts of sentences, which the catalogue has whole
        "The bones are", "placed differently from those in", "recognised less clearly than in",
        "other children's hands: injured, in a cast, deformed or an adult's? Look at every crop.", "more film", "further film",
        "more hand", "graded crop", "{} min", "{} months {} than {}",
        # for programs, and what the log has of them
        "/{} takes {} inputs, not {}: see docs/api.md for their names.", "program {}", ", {} alone",
        "program:{}, {}{}, {} days", "Authorization: Bearer",
        # by which the names in old notes are found
        "Kept after a conflict with", "Taken from", "in a conflict",
        # names of fonts, keys, classes and commands
        "Helvetica", "Helvetica Neue", "Arial", "Consolas", "Menlo", "Roboto", "Segoe UI", "system-ui, sans-serif",
        "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "WenQuanYi Micro Hei",
        "Escape", "annotate-message {}", "says-you judged{}", "warning queue-writing", "make app",
        "python -m core users add NAME --role reader",  
    }
)  # fmt: skip


def _key(sentence: str) -> str:
    return HOLE.sub("{}", sentence).replace("%d", "{}")


def _left_over(sentence: str) -> list[str]:
    """The English words in the translation of a sentence whose holes are filled."""
    said = CHINESE.translate(re.sub(r"\{\}|%d", "7", sentence))
    return [word for word in re.findall(r"[A-Za-z][A-Za-z_]{2,}", said) if word not in SAME]


def test_every_sentence_of_the_sources_is_in_the_catalogue() -> None:
    keys = {_key(key).lower() for key in ENTRIES}
    missing = {
        file: lacking
        for file, sentences in of_sources().items()
        if (
            lacking := [
                one
                for one in sorted(sentences)
                if one not in STAYS and _key(one).lower() not in keys and _left_over(one)
            ]
        )
    }
    assert not missing, f"webapp/languages/zh.json has no Chinese for {json.dumps(missing, indent=1)}"


def test_what_stays_in_english_is_still_said() -> None:
    said = {sentence for sentences in of_sources().values() for sentence in sentences}
    assert STAYS - said == set()


@pytest.fixture(scope="module", params=["kept", "demo"])
def config(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What gradio is told of the page, where readings are kept and where they are not."""
    folder = tmp_path_factory.mktemp("data")
    environment = {"BONEGRADE_DATA": str(folder)} | ({"HOST": "0.0.0.0"} if request.param == "demo" else {})
    access = Access.from_environment(environment)
    ledger = Ledger.open(LedgerSettings.from_environment(environment)) if access.keeps else None
    app = build_app(Desk(lambda: pytest.fail("nothing is assessed"), ledger, access, access.log))
    yield app.config
    if ledger is not None:
        ledger.close()


def test_every_label_of_the_page_is_translated(config: dict[str, Any]) -> None:
    missing = [text for text in _labels(config) if re.search("[A-Za-z]{3,}", text) and _left_over(text)]
    assert not missing


def _labels(config: dict[str, Any]) -> Iterator[str]:
    for component in config["components"]:
        props = component["props"]
        if component["type"] in ("state", "json") or props.get("visible") is False:
            continue
        for name in ("label", "placeholder", "info"):
            if isinstance(props.get(name), str):
                yield props[name]
        yield from (str(name) for name, _ in props.get("choices") or [])
        if component["type"] in ("button", "downloadbutton") and isinstance(props.get("value"), str):
            yield props["value"]


def test_holes_are_the_same_on_both_sides() -> None:
    for english, chinese in ENTRIES.items():
        holes = [hole for hole in HOLE.findall(english) if hole != "{s}"]
        filled = [number if number else str(place) for place, number in enumerate(re.findall(r"\{(\d*)\}", chinese))]
        assert sorted(filled) == sorted(map(str, range(len(holes)))), english


def test_a_sentence_has_one_translation_however_it_begins() -> None:
    said: dict[str, str] = {}
    for english, chinese in ENTRIES.items():
        assert said.setdefault(english.lower(), chinese) == chinese, english


def test_numbers_are_the_same_on_both_sides() -> None:
    for english, chinese in ENTRIES.items():
        of_english, of_chinese = (
            Counter(re.findall(r"\d+", HOLE.sub("", re.sub(r"\{\d\}", "", one)))) for one in (english, chinese)
        )
        assert of_english == of_chinese - Counter({"05": 1}), english


def test_the_report_has_a_letter_for_every_sign() -> None:
    wide = {sign for said in ENTRIES.values() for sign in said if ord(sign) > 0x2E7F}
    assert wide <= set(map(chr, TTFont(FONT).getBestCmap()))


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("12 films", "12 张片子"),
        ("1 film", "1 张片子"),
        ("8 years 7 months", "8 岁 7 个月"),
        ("Bone age · female", "骨龄 · 女"),
        (
            "Ulna has grade 4, 3 grades ahead of the grade 1 that its neighbours point to. Look at its crop, and correct "
            "in the Annotate tab what is wrong.",
            "尺骨为 4 级，比相邻骨提示的 1 级超前 3 级。请查看其裁剪图，并在“标注”页更正有误之处。",
        ),
        ("The film shows two hands, and the left one was read; the right one can be read as well.",
         "片子上有两只手，读取的是左手；也可以读取右手。"),
        ("6.4 – 7.9 years", "6.4 – 7.9 岁"),
        (
            "Live model: version 0002-ab, rolled back by ada on 2026-05-01. Revision 69 of the ledger; what was said "
            "after revision 7 is counted.",
            "现用模型：版本 0002-ab，由 ada 于 2026-05-01 回退。记录库版本 69；统计版本 7 之后的意见。",
        ),
        (
            "Better than the live model: RUS-CHN age, mean error on gold films, 15.945 before and 0.105 now.",
            "优于现用模型：RUS-CHN 骨龄，金标准片子的平均误差，之前 15.945，现在 0.105。",
        ),
    ],
)  # fmt: skip
def test_sentences_are_put_together_from_their_parts(english: str, chinese: str) -> None:
    assert CHINESE.translate(english) == chinese


@pytest.mark.parametrize(("english", "chinese"), [("7.1 y", "7.1 岁"), ("24 s", "24 秒"), ("Bone by bone", "各骨")])
def test_units_of_one_letter_and_short_labels_are_translated(english: str, chinese: str) -> None:
    assert CHINESE.translate(english) == chinese


def test_holes_may_stand_in_another_order() -> None:
    assert CHINESE.translate("3 of 13 checks need a look") == "13 项检查中有 3 项需要查看"
    assert CHINESE.translate("1 of 13 checks needs a look") == "13 项检查中有 1 项需要查看"


def test_per_cent_is_written_as_in_chinese() -> None:
    assert CHINESE.translate("> 99 %") == "> 99%"
    assert CHINESE.translate("Probability of each grade: 5(2) 40 %, 6 60 %") == "各等级的概率：5(2) 40%, 6 60%"


def test_names_stay_and_are_joined() -> None:
    assert CHINESE.translate("Meanwhile this film was read by Anna Berg") == "Anna Berg 在此期间读了这张片子"
    assert CHINESE.translate("anna and ben reach 0.81 on Radius.") == "anna和ben 在桡骨上达到 0.81。"


@pytest.mark.parametrize(
    "text", ["", "RUS-CHN", "5(2)", "anna", "A sentence that nobody has translated; 3 films of it."]
)
def test_what_has_no_translation_stays_as_it_is(text: str) -> None:
    assert CHINESE.translate(text) == text


def test_the_weights_have_their_names_in_chinese() -> None:
    names = weights_line(dict.fromkeys(WEIGHT_TITLES, "0123abcd" * 8))
    assert CHINESE.translate(names).count("0123abcd") == len(WEIGHT_TITLES) and not _left_over(
        names.replace("0123abcd", "")
    )
    said = CHINESE.translate(f"BoneGrade, weights: {names}. Research use only; not a medical device.")
    assert said.startswith("BoneGrade，权重：定位网络 0123abcd · ") and said.endswith("。仅供科研使用，不是医疗器械。")
