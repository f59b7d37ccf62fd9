from __future__ import annotations

import json
import os
import re
import stat
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

import pytest

from paddock import proving
from paddock.boundary.base import Availability
from paddock.cli import prove
from paddock.cli.parser import parse
from paddock.cli.views import proof_boundaries
from paddock.errors import PaddockError, Usage
from paddock.frozen import replace
from paddock.probes.catalogue.reading import LAYERS, load
from paddock.probes.proof import Proof, as_data
from tests.capabilities import needs
from tests.probes.proofs import MUSTS, NASTY, SUBJECT, proof, row

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from paddock.cli.outcome import Outcome
    from tests.conftest import Person

HELD = proof(row("FS-02"), row("FS-03"), *MUSTS)
BROKEN = proof(row("FS-02"), row("FS-03", "breached", evidence=(NASTY,)), *MUSTS)
DISTURBED = proof(row("FS-02", "unproven"), complete=False, trouble=("it flooded its output",))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME"):  # whoever runs the tests keeps theirs
        monkeypatch.setenv(name, str(tmp_path / "person"))
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path / "here"


def perform(*words: str) -> Outcome:
    return prove.perform(parse("prove", prove, words))


def finds(monkeypatch: pytest.MonkeyPatch, found: Proof) -> list[proving.Wanted]:
    """Let every attack find this; what was asked for."""
    asked: list[proving.Wanted] = []

    def pretended(directory: str, wanted: proving.Wanted, environ: Mapping[str, str] = os.environ) -> Proof:
        asked.append(wanted)
        return replace(found, subject=replace(found.subject, boundary=wanted.boundary or "bubblewrap"))

    monkeypatch.setattr(proving, "prove", pretended)
    return asked


class TestAttack:
    @pytest.mark.parametrize(("found", "code"), [(HELD, 0), (BROKEN, 1), (DISTURBED, 2), (proof(), 2)])
    def test_the_exit_code_is_the_verdict(self, found: Proof, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
        finds(monkeypatch, found)
        outcome = perform()
        assert outcome.exit_code == code
        assert outcome.data == as_data(found)

    def test_every_option_arrives(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked = finds(monkeypatch, HELD)
        perform("--boundary", "landlock", "--policy", "p.toml", "--only", "files", "--only", "NW-01")
        perform("--against", "firejail --private")
        assert asked == [
            proving.Wanted("landlock", "", "p.toml", ("files", "NW-01")),
            proving.Wanted("", "firejail --private", "", ()),
        ]

    def test_verbose_shows_every_row(self, monkeypatch: pytest.MonkeyPatch) -> None:
        finds(monkeypatch, HELD)
        assert "the title of FS-03" not in perform().text
        assert "the title of FS-03" in perform("--verbose").text

    @pytest.mark.parametrize(
        "words",
        [
            ("--against", "firejail", "--boundary", "landlock"),
            ("--against", "firejail", "--policy", "p.toml"),
            ("--list", "--report", "json=x"),
            ("--explain", "FS-02", "--only", "files"),
            ("--compare", "a", "b", "--verbose"),
            ("--compare", "a", "b", "--list"),
            ("--across-packs",),
            ("--json", "--report", "html=-"),
            ("--report", "pdf=x"),
            ("--report", "html"),
            ("--report", "html="),
            ("--report", "html=missing/x.html"),
            ("--report", "html=a", "--report", "junit=a"),
            ("--report", "html=a", "--report", "junit=./a"),
            ("--report", "html=."),
            ("--boundary", "all", "--report", "signed=x"),
            *((f"--{name}", "") for name in ("boundary", "policy", "against", "explain", "verify", "key")),
            ("--verify", "proof.json", "--key", ""),
            ("--key", "--report", "signed=x"),
            ("--key", "--only", "files"),
        ],
        ids=" ".join,
    )
    def test_what_would_be_read_by_nobody_or_lost_is_refused_before_anything_is_attacked(
        self, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked = finds(monkeypatch, HELD)
        with pytest.raises(Usage):
            perform(*words)
        assert asked == []


class TestReports:
    def test_several_at_once_beside_the_table(self, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        finds(monkeypatch, BROKEN)
        names = {"junit": "out.xml", "sarif": "out.sarif", "html": "out.html", "badge": "out.svg", "json": "out.json"}
        words = [word for name, file in names.items() for word in ("--report", f"{name}={file}")]
        outcome = perform(*words, "--report", "table=out.txt")
        assert outcome.text.endswith("next: paddock prove --explain FS-03\n")
        assert (here / "out.txt").read_text() == outcome.text
        assert json.loads((here / "out.json").read_text()) == outcome.data
        assert ET.fromstring((here / "out.xml").read_text()).get("failures") == "1"
        assert json.loads((here / "out.sarif").read_text())["runs"][0]["results"][0]["ruleId"] == "FS-03"
        assert "Not contained" in (here / "out.html").read_text()
        assert "broken 1 of 5" in (here / "out.svg").read_text()
        assert sorted(os.listdir(here)) == sorted([*names.values(), "out.txt"])

    def test_to_stdout_in_place_of_the_table(self, monkeypatch: pytest.MonkeyPatch) -> None:
        finds(monkeypatch, HELD)
        assert perform("--report", "badge=-").text.startswith("<svg")

    def test_colours_stay_on_the_terminal(self, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        from paddock.cli import style

        monkeypatch.setattr(style, "wants_color", lambda stream=None: True)
        finds(monkeypatch, HELD)
        assert "\x1b[" in perform("--report", "table=out.txt").text
        assert "\x1b" not in (here / "out.txt").read_text()

    def test_a_report_replaces_an_old_one(self, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (here / "out.svg").write_text("old")
        finds(monkeypatch, HELD)
        perform("--report", "badge=out.svg")
        assert "held 5" in (here / "out.svg").read_text()
        assert stat.S_IMODE((here / "out.svg").stat().st_mode) & 0o600 == 0o600

    def test_a_link_is_not_followed(self, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (here / "victim").write_text("mine")
        (here / "out.svg").symlink_to("victim")
        finds(monkeypatch, HELD)
        with pytest.raises(Usage, match="not an ordinary file"):
            perform("--report", "badge=out.svg")
        assert (here / "victim").read_text() == "mine"

    def test_a_directory_that_went_away_meanwhile_is_told(self, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (here / "reports").mkdir()

        def gone(*_: object) -> Proof:
            (here / "reports").rmdir()
            return HELD

        monkeypatch.setattr(proving, "prove", gone)
        with pytest.raises(PaddockError, match="could not be written"):
            perform("--report", "json=reports/out.json")


class TestCatalogue:
    def test_the_list_is_grouped_and_whole(self) -> None:
        outcome = perform("--list")
        assert outcome.data is not None
        probes: Any = outcome.data["probes"]
        assert [probe["id"] for probe in probes] == [probe.id for probe in load()]
        heads = re.findall(r"^(\w+) \((\d+)\)$", outcome.text, re.MULTILINE)
        assert [name for name, _ in heads] == [name for name in LAYERS if any(it.layer == name for it in load())]
        assert sum(int(count) for _, count in heads) == len(load())

    def test_a_layer_of_it(self) -> None:
        assert re.findall(r"^(\w+) \(", perform("--list", "--only", "network").text, re.MULTILINE) == ["network"]

    def test_one_is_explained_by_its_number_and_by_its_name(self) -> None:
        text = perform("--explain", "fs-02").text
        known = next(probe for probe in load() if probe.id.startswith("FS-02"))
        for part in (known.id, known.title, known.attempt, known.source):
            assert part in " ".join(text.split())
        assert perform("--explain", known.id).text == text

    def test_what_there_is_not_is_said(self) -> None:
        with pytest.raises(PaddockError, match="no probe and no layer"):
            perform("--explain", "FS-99999")


def saved(path: Path, *proofs: Proof) -> str:
    data = as_data(proofs[0]) if len(proofs) == 1 else {"schema": 1, "proofs": [as_data(one) for one in proofs]}
    path.write_text(json.dumps(data))
    return str(path)


class TestCompare:
    def test_worse_is_an_exit_code(self, here: Path) -> None:
        old, new = saved(here / "old", HELD), saved(here / "new", BROKEN)
        outcome = perform("--compare", old, new)
        assert outcome.exit_code == 1
        assert "worse   FS-03: held -> breached" in outcome.text
        assert outcome.data is not None
        assert outcome.data["worse"] is True
        assert perform("--compare", new, old).exit_code == 0
        assert "0 are not" in perform("--compare", old, old).text

    def test_different_probes_are_not_compared_unless_somebody_says_so(self, here: Path) -> None:
        other = replace(HELD, subject=replace(SUBJECT, pack="f" * 16))
        old, new = saved(here / "old", HELD), saved(here / "new", other)
        with pytest.raises(PaddockError) as caught:
            perform("--compare", old, new)
        assert caught.value.code == "different-probes"
        assert "pack: 0123456789abcdef -> ffffffffffffffff" in perform("--compare", old, new, "--across-packs").text

    def test_signed_ones_are_read_as_well(self, here: Path) -> None:
        (here / "new").write_text(json.dumps({"schema": 1, "proof": as_data(BROKEN), "signature": {}}))
        assert perform("--compare", saved(here / "old", HELD), "new").exit_code == 1

    def test_two_of_all_boundaries_are_compared_boundary_by_boundary(self, here: Path) -> None:
        weak = replace(HELD, subject=replace(SUBJECT, boundary="landlock"))
        old, new = saved(here / "old", weak, HELD), saved(here / "new", weak, BROKEN)
        outcome = perform("--compare", old, new)
        assert [line.split(":")[0] for line in outcome.text.splitlines() if "verdicts" in line] == [
            "landlock", "bubblewrap",
        ]  # fmt: skip
        assert outcome.exit_code == 1

    def test_what_was_not_proven_on_both_sides_is_not_compared(self, here: Path) -> None:
        weak = replace(HELD, subject=replace(SUBJECT, boundary="landlock"))
        old, new = saved(here / "old", weak, HELD), saved(here / "new", HELD)
        with pytest.raises(PaddockError) as caught:
            perform("--compare", old, new)
        assert caught.value.code == "not-comparable"

    @pytest.mark.parametrize(
        ("content", "why"),
        [
            (b"", "it is no JSON: Expecting value: line 1 column 1"),
            (b"{}", 'it has no "schema"'),
            (b"[]", "a value in it is of the wrong kind"),
            (b"null", "a value in it is of the wrong kind"),
            (b'{"schema": 1}', 'it has no "subject"'),
            (b'{"schema": 2}', "a value in it is of the wrong kind"),
            (b"\xff\xfe", "it is no JSON: "),
            (b"\xc3(", "it is no text"),
            (b"[" * 100_000, "it is nested too deeply"),
            (b'{"proofs": []}', "it holds none"),
            (b'{"proofs": 3}', "a value in it is of the wrong kind"),
            (b"NaN", "a value in it is of the wrong kind"),
        ],
        ids=lambda content: repr(content[:20]),
    )
    def test_what_is_no_proof_is_refused(self, here: Path, content: bytes, why: str) -> None:
        (here / "new").write_bytes(content)
        with pytest.raises(PaddockError) as caught:
            perform("--compare", saved(here / "old", HELD), str(here / "new"))
        assert caught.value.code == "no-proof"
        assert caught.value.why.startswith(why)

    def test_nor_is_a_file_that_is_missing_or_none(self, here: Path) -> None:
        os.mkfifo(here / "fifo")
        for name in ("fifo", "missing", "."):
            with pytest.raises(PaddockError) as caught:
                perform("--compare", saved(here / "old", HELD), name)
            assert caught.value.code == "no-proof"


class TestAll:
    def test_each_that_works_has_its_table_and_the_others_their_reason(self, monkeypatch: pytest.MonkeyPatch) -> None:
        asked = finds(monkeypatch, HELD)
        monkeypatch.setattr(
            proof_boundaries,
            "_tried",
            lambda: {
                "landlock": Availability(ok=True),
                "bubblewrap": Availability(ok=True),
                "podman": Availability(ok=False, reason="it is not installed", fix="install it"),
            },
        )
        outcome = perform("--boundary", "all")
        assert [wanted.boundary for wanted in asked] == ["landlock", "bubblewrap"]
        assert outcome.exit_code == 0
        assert outcome.text.count("Held: all 5") == 2
        assert "podman      it is not installed; fix: install it" in outcome.text
        assert outcome.data is not None
        assert [one["subject"]["boundary"] for one in outcome.data["proofs"]] == ["landlock", "bubblewrap"]  # type: ignore[attr-defined]
        assert outcome.data["unavailable"] == [
            {"boundary": "podman", "reason": "it is not installed", "fix": "install it"}
        ]

    def test_none_at_all_proves_nothing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        finds(monkeypatch, HELD)
        monkeypatch.setattr(proof_boundaries, "_tried", dict)
        assert perform("--boundary", "all").exit_code == 2


@needs("bubblewrap", "git")
def test_a_real_sandbox_is_attacked_and_told_about(person: Person, repo: Path) -> None:
    done = person.call("prove", "--only", "FS-02", "--only", "NW-02", "--report", "junit=out.xml", cwd=repo)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "next: paddock prove      with all probes" in done.stdout
    assert ET.fromstring((repo / "out.xml").read_text()).get("failures") == "0"
    assert done.stderr == ""


@needs("git")
def test_no_sandbox_at_all_is_told_as_such(person: Person, repo: Path) -> None:
    done = person.call("prove", "--only", "FS-02", "--against", "env", cwd=repo)
    assert done.returncode == 1
    assert "Not contained" in done.stdout
    assert "next: paddock prove --explain FS-02" in done.stdout
