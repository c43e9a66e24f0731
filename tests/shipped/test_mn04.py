from __future__ import annotations

import numpy as np
import pytest
import soundfile

from irmas_tf.config.labels import IRMAS_CODES
from irmas_tf.config.settings import ConfigError
from irmas_tf.inference.classifier import Classifier
from irmas_tf.inference.window_model import ModelError
from irmas_tf.shipped import template
from irmas_tf.shipped.mn04 import SPEC, Mn04, check_answers, weights_path
from irmas_tf.streaming import read_model_facts
from tests.helpers.stand_in_mn04 import make_stand_in, random_state


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("IRMAS_TF_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def mn04(tmp_path, cache):
    return make_stand_in(tmp_path, cache)


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    path = tmp_path_factory.mktemp("sound") / "a.wav"
    soundfile.write(path, template.check_signal(32000, 3.0), 32000)
    return path


def logits_of(probabilities):
    p = np.array(list(probabilities.values()))
    return np.log(p / (1 - p))


@pytest.mark.slow
def test_the_head_is_the_correction_of_audioset_s_own(mn04):
    corrected, untrained = mn04.load(""), mn04.load("audioset")
    window = template.check_signal(32000, 3.0)[None]
    prior, embedding = untrained.values(window, "logits"), untrained.values(window, "embedding")
    weight = np.random.default_rng(2).standard_normal((11, 384)).astype(np.float32) / 100
    expected = 0.9 * prior + np.linspace(-1, 1, 11) + embedding @ weight.T
    np.testing.assert_allclose(corrected.values(window, "logits"), expected, atol=1e-4)
    assert corrected.scheme.codes == untrained.scheme.codes == IRMAS_CODES
    np.testing.assert_allclose(corrected.thresholds, np.linspace(0.3, 0.5, 11), atol=1e-6)
    answer = Classifier(corrected).classify(window[0], 32000)
    np.testing.assert_allclose(logits_of(answer.probabilities), expected[0], atol=1e-3)
    levels = dict(zip(IRMAS_CODES, corrected.thresholds, strict=True))
    assert answer.labels == tuple(code for code, p in answer.probabilities.items() if p >= levels[code])


@pytest.mark.slow
def test_any_of_audioset_s_classes_can_be_asked_for(mn04, sound):
    eleven = Classifier(mn04.load("audioset")).classify(sound)
    asked = Classifier(mn04.load("audioset:Cello,Drum,Trumpet"))
    answer = asked.classify(sound)
    assert asked.classes == ("cello", "drum", "trumpet") and asked.names == ("Cello", "Drum", "Trumpet")
    assert answer.probabilities["cello"] == pytest.approx(eleven.probabilities["cel"], abs=1e-6)
    assert answer.probabilities["trumpet"] == pytest.approx(eleven.probabilities["tru"], abs=1e-6)
    assert asked.embed(sound).shape == (384,) and len(asked.activity(sound).starts) == 1


@pytest.mark.slow
def test_a_file_says_what_it_is_and_is_made_once(mn04, cache):
    path = mn04.file("")
    facts = read_model_facts(path)
    assert facts["figures"] == "right for all that a test made up" and "MIT" in facts["licence"]
    assert facts["model_sha256"] == mn04.sha256 and facts["outputs"][template.AUDIOSET] == 527
    made = path.stat().st_mtime_ns
    assert mn04.file("") == path and path.stat().st_mtime_ns == made
    assert sorted(p.name.split("-")[0] for p in (cache / "models").iterdir()) == ["mn04"]
    path.write_bytes(path.read_bytes()[:1000])  # cut off by a full disk, say
    assert read_model_facts(mn04.file(""))["labels"] == list(IRMAS_CODES)


@pytest.mark.slow
def test_another_correction_is_another_file(mn04, tmp_path):
    from tests.helpers.stand_in_mn04 import write_correction

    first = mn04.file("")
    write_correction(tmp_path / "correction.npz", scale=np.float32(0.5))
    second = mn04.file("")
    assert second != first and first.is_file()


@pytest.mark.slow
def test_what_is_not_here_or_not_the_published_file_is_a_line(mn04, cache, tmp_path):
    with pytest.raises(ModelError, match=r"is damaged or another file.*delete it, then irmas download mn04"):
        Mn04(tmp_path / "template.zip", tmp_path / "correction.npz", "0" * 64).file("")
    weights_path().unlink()
    with pytest.raises(ModelError) as caught:
        mn04.file("audioset")
    assert "irmas download mn04" in str(caught.value) and SPEC.url in str(caught.value)
    assert str(cache / "weights") in str(caught.value)
    with pytest.raises(ModelError, match="no correction of mn04; name mn04:audioset"):
        Mn04(correction_path=tmp_path / "none.npz").file("")


@pytest.mark.slow
@pytest.mark.parametrize("argument", ["nonsense", "audioset:Drum"])
def test_an_argument_without_a_file_is_a_line(mn04, argument):
    with pytest.raises(ConfigError, match=f"--model=mn04:{argument}: "):
        mn04.file(argument)


def test_a_filling_that_answers_otherwise_is_refused():
    blank = template.read_template()
    head = {template.HEAD: np.zeros(blank.head_shape), template.OFFSET: np.zeros(11)}
    with pytest.raises(ModelError, match="does not answer as it should"):
        check_answers(blank.fill({**random_state(blank, seed=5), **head}), blank)


@pytest.mark.slow
def test_a_folder_that_cannot_be_written_is_a_line(mn04, cache):
    (cache / "models").write_text("in the way")
    with pytest.raises(ModelError, match="IRMAS_TF_CACHE"):
        mn04.file("")


def test_the_published_weights_make_a_model_with_the_package_s_own_checks(cache, shared_dir):
    published = shared_dir / "weights" / SPEC.published_file
    if not published.is_file():
        pytest.skip(f"{published} is not here")
    weights_path().parent.mkdir(parents=True)
    weights_path().symlink_to(published)
    assert Classifier(Mn04().load("audioset")).classes == IRMAS_CODES
