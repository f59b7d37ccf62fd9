from __future__ import annotations

import json

from paddock.checking.findings import SEVERITIES
from paddock.reporting import sarif


def test_a_log_names_its_schema_and_version_and_is_ascii() -> None:
    text = sarif.log([{"tool": "ä"}])
    assert text.isascii()
    assert json.loads(text) == {"$schema": sarif.SCHEMA, "version": "2.1.0", "runs": [{"tool": "ä"}]}


def test_every_severity_has_a_score_and_the_worse_the_higher() -> None:
    scores = [float(sarif.SCORES[one]) for one in SEVERITIES]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == len(scores) == len(sarif.SCORES)
