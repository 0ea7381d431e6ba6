"""What there is to learn from an export and from the ledger, and the exports that are refused."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.access.roles import OPERATOR
from core.bones import RUS_BONES
from core.dataset.exporting.options import ExportOptions
from core.dataset.manifest import NAME, DamagedDataset, check_files, write_manifest
from core.dataset.split import Shares, part_of, split_key
from core.film.likeness import look_of
from core.hand.crops import CONTEXT_SIDE
from core.keeping.erasing import erase_films
from core.learning.errors import LessonsRefused
from core.learning.finetuning.finetune import Order, finetune
from core.learning.gate.hands import gold_hands
from core.learning.lessons.collected import collected
from core.learning.lessons.material import GRADES, Material, MaterialWriter, held_keys
from core.learning.lessons.sources import ExportLessons, LedgerLessons
from core.learning.run.record import learned_from
from core.ledger import Consent
from core.standards import grade_count
from tests.core.learning.made_lessons import RECIPE, exported
from tests.stored_films import Store, accepted, graded, hand


def _answers(crops: Any, bones: Any) -> Any:
    return np.full((len(bones), GRADES), 1 / GRADES, np.float32)


def _rewritten(folder: Path, copy: Path, table: str, change: Any) -> Path:
    """A copy of the export in which the rows of a table are changed, and the manifest fits."""
    shutil.copytree(folder, copy)
    manifest = check_files(copy)
    for file in (copy / table).glob("*.parquet"):
        before = pq.read_table(file)
        pq.write_table(pa.Table.from_pylist(change(before.to_pylist()), schema=before.schema), file)
    write_manifest(copy, manifest)
    return copy


def test_an_export_and_its_ledger_have_the_same_lessons(read_store: Store, export_folder: Path) -> None:
    from_export = {film.name: film for film in ExportLessons(export_folder).films()}
    from_ledger = {film.name: film for film in LedgerLessons(read_store.ledger).films()}
    assert from_export.keys() == from_ledger.keys() and len(from_export) == 7
    for name, film in from_export.items():
        other = from_ledger[name]
        assert dict(film.crops) == dict(other.crops) and dict(film.votes) == dict(other.votes)
        assert (film.key, film.sex, film.age_months, film.moved) == (other.key, other.sex, other.age_months, False)
        assert len(film.votes["Radius"]) == 2 and len(film.votes["Ulna"]) == 1


def test_disagreement_becomes_shares(export_folder: Path, tmp_path: Path) -> None:
    writer = MaterialWriter(tmp_path / "material", _answers)
    for film in ExportLessons(export_folder).films():
        writer.add_lesson(film)
    writer.close()
    material = Material.open(tmp_path / "material")
    rows, _ = material.rows([0])
    first = material.votes[rows]
    assert sorted(first[RUS_BONES.index("Radius")])[-2:] == [0.5, 0.5] and first[1:].max(1).tolist() == [1.0] * 12
    assert len(material.of("held")) == 1 and len(material.of("learn")) == 6
    assert material.crops.shape == (7 * 13, 144, 144) and isinstance(material.crops, np.memmap)


def test_ages_teach_where_nobody_graded(store: Store) -> None:
    unread, partly = store.film(0), store.film(1)
    store.save(partly, [graded("MC3", 4), *(c for c in accepted(store.prediction(partly)) if c.bone == "Ulna")])
    store.film(2, consent=False)
    films = {film.name: film for film in LedgerLessons(store.ledger).films()}
    assert len(films[unread.sha256].crops) == 13 and not films[unread.sha256].votes
    assert len(films[partly.sha256].crops) == 13 and set(films[partly.sha256].votes) == {"MC3", "Ulna"}


def test_films_that_may_only_be_read_teach_nothing(store: Store) -> None:
    store.film(0, terms=Consent("read"))
    taught = store.film(1, terms=Consent("train"))
    read = store.film(2, terms=Consent("read"))
    store.accept(read)
    store.accept(taught)
    films = {film.name: film for film in LedgerLessons(store.ledger).films()}
    assert {name for name, film in films.items() if film.crops} == {taught.sha256}
    assert films.keys() == {taught.sha256, read.sha256} and films[read.sha256].picture is None
    found = collected(store.ledger, 0)
    assert (found.films, found.taken, found.consent, found.grades) == (2, 1, 1, 13)


def test_films_whose_consent_was_withdrawn_or_has_ended_teach_nothing(store: Store) -> None:
    ended = Consent("train", ends=datetime.now(UTC))
    over, unread_over, withdrawn = store.film(0, terms=ended), store.film(1, terms=ended), store.film(2)
    taught, unread = store.film(3), store.film(4)
    for film in (over, withdrawn, taught):
        store.accept(film)
    revision = store.ledger.ledger_revision()
    erase_films(store.ledger, [withdrawn.id], OPERATOR, labels_too=False)
    films = {film.name: film for film in LedgerLessons(store.ledger, revision).films()}
    assert {name for name, film in films.items() if film.crops or film.picture} == {taught.sha256, unread.sha256}
    assert unread_over.sha256 not in films
    found = collected(store.ledger, 0)
    assert (found.films, found.taken, found.consent) == (3, 1, 1)
    erase_films(store.ledger, [taught.id, unread.id], OPERATOR, labels_too=True)
    assert not any(film.crops or film.picture for film in LedgerLessons(store.ledger, revision).films())


def test_gold_films_are_never_learned(store: Store, tmp_path: Path) -> None:
    for number in range(4):
        store.accept(store.film(number))
    store.gold(store.film(0), {bone: 2 for bone in RUS_BONES})
    writer = MaterialWriter(tmp_path / "material", _answers)
    for film in LedgerLessons(store.ledger).films():
        writer.add_lesson(film)
    assert writer.left_out["of the test part, where the gold films are"] >= 1


def test_a_near_copy_of_a_gold_film_is_not_learned_and_one_that_was_learned_does_not_judge(store: Store) -> None:
    outside = (number for number in range(100) if part_of(hand(number).sha256, Shares()) != "test")
    gold, copy, other = (store.film(next(outside)) for _ in range(3))
    store.accept(copy)
    store.gold(gold, {bone: 2 for bone in RUS_BONES})
    learned = gold_hands(store.ledger).without(set(learned_from([split_key(copy)])))
    assert (len(learned.hands), learned.learned) == (1, 0)
    store.ledger.add_look(copy.id, look_of(hand(1)), [gold.id])
    store.accept(other)  # what looks the same counts from the next word on
    parts = {film.name: film.part for film in LedgerLessons(store.ledger).films()}
    assert parts[copy.sha256] == parts[gold.sha256] == "test" and parts[other.sha256] != "test"
    found = collected(store.ledger, 0)
    assert found.left_out == {"of the test part, where the gold films are": 2} and found.taken == 1
    learned = gold_hands(store.ledger).without(set(learned_from([split_key(copy)])))
    assert (len(learned.hands), learned.learned) == (0, 1)


def test_who_is_held_back_depends_on_keys_alone() -> None:
    graded_films = [(f"p{number}", "train") for number in range(40)]
    held = held_keys(graded_films)
    assert held == held_keys(reversed(graded_films)) and len(held) == 6
    assert held_keys([*graded_films, ("q", "val")]) == {"q"}
    with pytest.raises(LessonsRefused, match="at least two patients"):
        held_keys([("p", "train"), ("p", "train")])


def _sentence(folder: Path, start: Path, tmp_path: Path) -> str:
    """With which a run on the export is refused; the run folder is left as if nothing had been."""
    with pytest.raises((LessonsRefused, DamagedDataset)) as caught:
        finetune(Order(lambda revision: ExportLessons(folder), start, tmp_path / "run", RECIPE, device="cpu"))
    assert not (tmp_path / "run" / "run.json").exists() and not (tmp_path / "run" / "material").exists()
    said = str(caught.value)
    assert said.endswith(".") and "\n" not in said
    return said


def test_another_set_of_bones(export_folder: Path, start: Path, tmp_path: Path) -> None:
    def capitate(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**row, "bone": "Capitate" if row["bone"] == "Ulna" else row["bone"]} for row in rows]

    folder = _rewritten(export_folder, tmp_path / "export", "labels", capitate)
    assert "is of another set of bones (Capitate)" in _sentence(folder, start, tmp_path)


def test_grades_of_another_standard(export_folder: Path, start: Path, tmp_path: Path) -> None:
    def higher(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**row, "grade": 15, "votes": [15]} for row in rows]

    folder = _rewritten(export_folder, tmp_path / "export", "labels", higher)
    assert f"Radius has the grades 0 to {grade_count('Radius')}" in _sentence(folder, start, tmp_path)


def test_one_class_only(export_folder: Path, start: Path, tmp_path: Path) -> None:
    def alike(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**row, "grade": 5, "votes": [5, 5]} for row in rows]

    folder = _rewritten(export_folder, tmp_path / "export", "labels", alike)
    assert "the same grade on all films" in _sentence(folder, start, tmp_path)


def test_one_class_is_one_class_beside_what_is_seen_again_too(tmp_path: Path) -> None:
    writer = MaterialWriter(tmp_path / "material", _answers)
    crop = np.zeros((1, CONTEXT_SIDE, CONTEXT_SIDE), np.uint8)
    for patient in ("p", "q"):
        writer.add_graded(crop, [0], [(5,)], (patient, "train"))
    writer.add(crop, [0], [(9,)], 0, np.nan, False, "exemplar")
    with pytest.raises(LessonsRefused, match="the same grade on all films"):
        writer.close()


def test_a_broken_manifest_and_a_changed_file(export_folder: Path, start: Path, tmp_path: Path) -> None:
    shutil.copytree(export_folder, tmp_path / "export")
    with next((tmp_path / "export" / "crops").iterdir()).open("ab") as file:
        file.write(b"x")
    assert "is changed: export again" in _sentence(tmp_path / "export", start, tmp_path)
    shutil.copytree(export_folder, tmp_path / "older")
    written = (tmp_path / "older" / NAME).read_text().replace('"format_version": 2', '"format_version": 1')
    (tmp_path / "older" / NAME).write_text(written)
    assert "was written by another version" in _sentence(tmp_path / "older", start, tmp_path)
    (tmp_path / "export" / NAME).write_text("{")
    assert "has no readable manifest.json" in _sentence(tmp_path / "export", start, tmp_path)


def test_a_manifest_and_tables_that_are_no_export_s_though_they_fit(
    export_folder: Path, start: Path, tmp_path: Path
) -> None:
    """As somebody makes who changes files and writes the manifest anew."""
    shutil.copytree(export_folder, tmp_path / "export")
    manifest, made = json.loads((tmp_path / "export" / NAME).read_text()), check_files(tmp_path / "export")
    (tmp_path / "export" / NAME).write_text(json.dumps({**manifest, "revision": None}))
    assert "does not say what it was made from: export the ledger again" in _sentence(
        tmp_path / "export", start, tmp_path
    )
    for number, damage in enumerate((lambda table: table.drop_columns("grade"), lambda table: None)):
        folder = shutil.copytree(export_folder, tmp_path / f"damaged{number}")
        for file in (folder / "labels").glob("*.parquet"):
            changed = damage(pq.read_table(file))
            file.write_bytes(b"no table") if changed is None else pq.write_table(changed, file)
        write_manifest(folder, made)
        said = _sentence(folder, start, tmp_path)
        assert f"The tables of {folder} are not as an export has them" in said


def test_no_grades_and_no_crops(store: Store, start: Path, tmp_path: Path) -> None:
    store.accept(store.film(1, consent=False))
    exported(store, tmp_path / "pixelless", ExportOptions(shares=Shares(99, 0, 1)))
    assert "There are no grades to learn from" in _sentence(tmp_path / "pixelless", start, tmp_path)
    exported(store, tmp_path / "labels", ExportOptions(formats=("labels",)))
    assert "has no crops: export with" in _sentence(tmp_path / "labels", start, tmp_path)
