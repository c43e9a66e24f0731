from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from sklearn import metrics as sk

from irmas_tf.config.labels import IRMAS_CODES
from irmas_tf.config.settings import ConfigError
from irmas_tf.datasets.irmas_layout import DataError
from irmas_tf.evaluation.score_table import ScoreFileError
from irmas_tf.own_data.openmic_classes import CLASSES
from irmas_tf.reports.evaluate_scores import evaluate_scores
from tests.helpers.openmic_copy import CLIPS, KEYS, TESTS, artist_of, known_labels, write_openmic

NAMES = [f"{song:02d} - song-{clip}" for song in range(6) for clip in range(3)]


def _truth() -> np.ndarray:
    rng = np.random.default_rng(0)
    labels = rng.random([len(NAMES), 11]) < 0.2
    labels[np.arange(len(NAMES)), rng.integers(0, 11, len(NAMES))] = True
    return labels


def _codes(row: np.ndarray) -> list[str]:
    return [IRMAS_CODES[k] for k in np.flatnonzero(row)]


@pytest.fixture(scope="module")
def scores() -> np.ndarray:
    return np.random.default_rng(1).normal(size=[len(NAMES), 11]).round(1) + _truth()


def _write(path: Path, header: list[str], rows: list[list[object]]) -> str:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *rows])
    return str(path)


def _score_file(folder: Path, scores: np.ndarray, names: list[str] = NAMES, labels: bool = False) -> str:
    rows = [
        [name, *row, *([" ".join(_codes(truth))] if labels else [])]
        for name, row, truth in zip(names, scores.tolist(), _truth(), strict=True)
    ]
    return _write(folder / "scores.csv", ["file", *IRMAS_CODES, *(["labels"] if labels else [])], rows)


def test_the_column_of_labels(tmp_path: Path, scores: np.ndarray) -> None:
    path = _score_file(tmp_path, scores, labels=True)
    report = evaluate_scores(path, threshold=0.8)
    summary = report.summary
    found = summary["aggregations"]["scores"]
    truth = _truth()
    assert found["lrap"]["value"] == pytest.approx(sk.label_ranking_average_precision_score(truth, scores))
    fixed = found["decisions"]["fixed"]["global"]
    assert fixed["micro_f1"]["value"] == pytest.approx(sk.f1_score(truth, scores >= 0.8, average="micro"))
    assert fixed["chosen_on"] == "no data: 0.8 as given (--threshold)"
    assert summary["songs"] == 6, "by the files' names"
    assert set(found["decisions"]) == {"fixed", "other_songs", "oracle"}
    out = report.text("table")
    assert f"score file {path}" in out and "baseline: always gel+pia+voi" in out


def test_labels_of_a_second_file_in_another_order(tmp_path: Path, scores: np.ndarray) -> None:
    expected = evaluate_scores(_score_file(tmp_path, scores, labels=True)).summary
    rows = [[f"folder/{n}.wav", " ".join(_codes(t)), n[:2]] for n, t in zip(NAMES, _truth(), strict=True)][::-1]
    labels = _write(tmp_path / "labels.csv", ["file", "labels", "song"], list(rows))
    found = evaluate_scores(_score_file(tmp_path, scores), labels).summary
    assert found["aggregations"] == expected["aggregations"] and found["songs"] == 6


def _test_set(folder: Path) -> Path:
    for number, (name, truth) in enumerate(zip(NAMES, _truth(), strict=True)):
        part = int(name[:2]) % 3 + 1
        target = folder / f"IRMAS-TestingData-Part{part}" / f"Part{part}"
        target.mkdir(parents=True, exist_ok=True)
        soundfile.write(target / f"{name}.wav", np.full(100, (1 + number) / 100), 8000)
        (target / f"{name}.txt").write_text("\t\r\n".join(_codes(truth)) + "\t\r\n\r\n")
    return folder


def test_labels_of_the_official_test_set(tmp_path: Path, scores: np.ndarray) -> None:
    data_dir = _test_set(tmp_path / "data")
    expected = evaluate_scores(_score_file(tmp_path, scores, labels=True)).summary
    shuffled = np.random.default_rng(2).permutation(len(NAMES))
    rows = [[NAMES[k] + ".wav", *scores[k].tolist(), "cel"] for k in shuffled]
    path = _write(tmp_path / "shuffled.csv", ["file", *IRMAS_CODES, "labels"], rows)
    found = evaluate_scores(path, data_dir=str(data_dir)).summary
    for name in ("lrap", "mean_average_precision"):
        value = expected["aggregations"]["scores"][name]["value"]
        assert found["aggregations"]["scores"][name]["value"] == pytest.approx(value), (
            "the column labels does not count"
        )
    assert found["parts"] == {"1": 6, "2": 6, "3": 6}
    tuned = found["aggregations"]["scores"]["decisions"]["other_songs"]["global"]
    assert set(tuned["thresholds"]) == {"songs 1/3", "songs 2/3", "songs 3/3"}
    assert "not the official Parts: Part1: 6 of 807, Part2: 6 of 1301, Part3: 6 of 766 clips" in tuned["chosen_on"]
    assert not any("column 'song'" in text or "guessed" in text for text in found["warnings"]), (
        "the official names say it"
    )
    assert any("18 clips are not the 2874" in text for text in found["warnings"])


def test_identical_clips_once_keep_the_score_of_the_first(tmp_path: Path, scores: np.ndarray) -> None:
    data_dir = _test_set(tmp_path / "data")
    folder = data_dir / "IRMAS-TestingData-Part1" / "Part1"
    (folder / f"{NAMES[1]}.wav").write_bytes((folder / f"{NAMES[0]}.wav").read_bytes())
    path = _score_file(tmp_path, scores)
    found = evaluate_scores(path, data_dir=str(data_dir), unique_clips=True, output=str(tmp_path / "out")).summary
    assert found["clips"] == 17 and any("counted once" in text for text in found["warnings"])
    with (tmp_path / "out" / "clips.csv").open(newline="") as file:
        first = next(csv.DictReader(file))
    assert first["file"].endswith(f"{NAMES[0]}.wav")
    assert [float(first[code]) for code in IRMAS_CODES] == scores[0].tolist()


def test_reports_are_written_on_demand_and_give_the_same_figures_again(tmp_path: Path, scores: np.ndarray) -> None:
    path = _score_file(tmp_path, scores, labels=True)
    report = evaluate_scores(path, output=str(tmp_path / "out"))
    first = report.summary
    assert f"written to {tmp_path / 'out'}: " in report.text("table")
    assert json.loads((tmp_path / "out" / "metrics.json").read_text()) == first
    second = evaluate_scores(str(tmp_path / "out" / "clips.csv"))
    assert json.loads(second.text("json")) == second.summary and not second.written
    assert second.summary["aggregations"] == first["aggregations"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "scores.csv"], "nothing else is written"


def test_figures_name_the_model_that_gave_the_scores(tmp_path: Path, scores: np.ndarray) -> None:
    def rows(models: list[str]) -> list[list[object]]:
        truth = _truth()
        return [[n, *scores[k], " ".join(_codes(truth[k])), models[k]] for k, n in enumerate(NAMES)]

    header, several = ["file", *IRMAS_CODES, "labels", "model_sha256"], len(NAMES) - 1
    path = _write(tmp_path / "scores.csv", header, rows(["a" * 64] * len(NAMES)))
    report = evaluate_scores(path, output=str(tmp_path / "out"))
    assert report.summary["model_sha256"] == "a" * 64 and "of model aaaaaaaaaaaa;" in report.text("table")
    again = evaluate_scores(str(tmp_path / "out" / "clips.csv")).summary
    assert again["model_sha256"] == "a" * 64 and again["aggregations"] == report.summary["aggregations"]
    path = _write(tmp_path / "mixed.csv", header, rows(["a" * 64, *[""] * several]))
    mixed = evaluate_scores(path).summary
    assert "model_sha256" not in mixed
    assert any("of several models" in w and "aaaaaaaaaaaa, an unknown model" in w for w in mixed["warnings"])
    assert "model_sha256" not in evaluate_scores(_write(tmp_path / "none.csv", header, rows([""] * len(NAMES)))).summary
    with pytest.raises(ScoreFileError, match=r"line 2: column model_sha256: 'latest' is no SHA-256"):
        evaluate_scores(_write(tmp_path / "wrong.csv", header, rows(["latest", *[""] * several])))


def test_songs_numbered_past_nine_keep_their_order(tmp_path: Path, scores: np.ndarray) -> None:
    rows = [[f"clip{k}", 11 - k % 12, " ".join(_codes(t)), *scores[k]] for k, t in enumerate(_truth())]
    path = _write(tmp_path / "scores.csv", ["file", "song", "labels", *IRMAS_CODES], list(rows))
    first = evaluate_scores(path, output=str(tmp_path / "out")).summary
    with (tmp_path / "out" / "clips.csv").open(newline="") as file:
        assert [row["song"] for row in csv.DictReader(file)] == [str(row[1]) for row in rows]
    second = evaluate_scores(str(tmp_path / "out" / "clips.csv")).summary
    assert second["aggregations"] == first["aggregations"]


@pytest.mark.parametrize(
    ("song", "wanted", "unwanted"),
    [
        (
            None,
            ["guessed from the files' names", "6 songs", "a column 'song' would settle it"],
            ["of its own", "one song;"],
        ),
        (lambda k: f"s{k // 2}", [], ["guessed", "of its own", "one song;"]),
        (lambda k: k, ["every clip is a song of its own", "check the column 'song'"], ["guessed"]),
        (lambda k: "x", ["all 18 clips belong to one song; check the column 'song'"], ["guessed", "of its own"]),
    ],
)
def test_where_songs_come_from_is_said(
    tmp_path: Path, scores: np.ndarray, song, wanted: list[str], unwanted: list[str]
) -> None:
    rows = [
        [name, *scores[k], " ".join(_codes(truth)), *([] if song is None else [song(k)])]
        for k, (name, truth) in enumerate(zip(NAMES, _truth(), strict=True))
    ]
    header = ["file", *IRMAS_CODES, "labels", *([] if song is None else ["song"])]
    text = evaluate_scores(_write(tmp_path / "scores.csv", header, rows)).text("table")
    notes = "\n".join(line for line in text.splitlines() if line.startswith("note: "))
    assert all(words in notes for words in wanted) and not any(words in notes for words in unwanted)


def test_names_that_tell_no_songs_are_warned_of(tmp_path: Path, scores: np.ndarray) -> None:
    names = [f"{number}.wav" for number in range(len(NAMES))]
    found = evaluate_scores(_score_file(tmp_path, scores, names, labels=True)).summary
    assert any(
        "a song of its own" in text and "name the songs in a column 'song'" in text for text in found["warnings"]
    )


def test_equal_scores_outside_probabilities_can_be_drawn(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    path = _score_file(tmp_path, np.full([len(NAMES), 11], 7.0), labels=True)
    evaluate_scores(path, output=str(tmp_path / "out"))
    assert not [w for w in recwarn if "limits" in str(w.message)]


@pytest.mark.parametrize(
    ("labels", "data_dir", "unique", "words"),
    [
        ("", "", False, r"scores\.csv: has no labels .* add a column 'labels', or give --labels"),
        ("", "", True, "--unique_clips: .*give --data_dir"),
        ("x.csv", "/d", False, r"--labels=x\.csv: is given beside --data_dir"),
        ("/no/such.csv", "", False, r"/no/such\.csv: cannot be read"),
    ],
)
def test_what_is_missing_is_said(
    tmp_path: Path, scores: np.ndarray, labels: str, data_dir: str, unique: bool, words: str
) -> None:
    with pytest.raises(ScoreFileError, match=words):
        evaluate_scores(_score_file(tmp_path, scores), labels, data_dir, unique_clips=unique)


def test_scores_of_a_data_set_of_excerpts_are_compared_with_its_test_part(tmp_path: Path) -> None:
    data_dir = str(write_openmic(tmp_path / "data", seconds=0.1))
    values = np.random.default_rng(4).random([CLIPS, len(CLASSES)]).round(3)

    def table(name: str, numbers: np.ndarray | range, with_labels: bool) -> str:
        rows: list[list[object]] = []
        for number in numbers:
            known = known_labels(int(number))
            cell = ";".join([*(code if value >= 0.5 else f"-{code}" for code, value in known.items()), "?"])
            beside = [cell, artist_of(int(number))] if with_labels else []
            rows.append([f"{KEYS[number]}.ogg", *values[number].tolist(), *beside])
        return _write(tmp_path / name, ["file", *CLASSES, *(["labels", "song"] if with_labels else [])], rows)

    tests = range(CLIPS - TESTS, CLIPS)
    wanted = evaluate_scores(table("labelled.csv", tests, True), dataset="openmic").summary
    scores = table("scores.csv", np.random.default_rng(5).permutation(tests), False)
    found = evaluate_scores(scores, data_dir=data_dir, dataset="openmic").summary
    assert found["clips"] == TESTS
    for name in ("lrap", "mean_average_precision"):
        figures = [summary["aggregations"]["scores"][name] for summary in (found, wanted)]
        assert figures[0] == pytest.approx(figures[1], abs=1e-12), "ends of the interval too: songs are its artists"
    with pytest.raises(ScoreFileError, match=r"which data set it is does not follow .* give --dataset"):
        evaluate_scores(_write(tmp_path / "two.csv", ["file", "ney", "oud"], [["a", 0.1, 0.2]]), data_dir=data_dir)
    with pytest.raises(ScoreFileError, match="--unique_clips: this data set does not say"):
        evaluate_scores(scores, data_dir=data_dir, dataset="openmic", unique_clips=True)
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"--output=.*file: is a file; name a folder"):
        evaluate_scores(scores, output=str(tmp_path / "file"))


def test_a_folder_without_a_test_set_is_named(tmp_path: Path, scores: np.ndarray) -> None:
    with pytest.raises(DataError, match="/no/such"):
        evaluate_scores(_score_file(tmp_path, scores), data_dir="/no/such")
