from __future__ import annotations

import pytest

from paddock.cli.views.judged import Judging
from paddock.errors import Usage
from paddock.workspace.applying.consent import Consent


@pytest.fixture
def judging(monkeypatch, person, repo) -> Judging:
    for name, value in person.environ.items():
        monkeypatch.setenv(name, value)
    return Judging(str(repo))


def test_no_word_is_no_consent_and_all_is_all(judging) -> None:
    assert judging.consent(None) == Consent()
    assert judging.consent("all") == Consent(everything=True)


def test_classes_and_rules_are_words(judging) -> None:
    assert judging.consent("git, shape-link-out,") == Consent(names=frozenset(["git", "shape-link-out"]))


@pytest.mark.parametrize("word", ["", ",", "gti", "git,editors", "all,git", "\x1b"])
def test_anything_else_is_refused(judging, word) -> None:
    with pytest.raises(Usage, match="no class of hazards") as caught:
        judging.consent(word)
    assert "\x1b" not in caught.value.what
