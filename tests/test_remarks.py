"""Paddock's own voice."""

from __future__ import annotations

from paddock.remarks import complain


def test_a_remark_is_one_line_and_cannot_steer_the_terminal(capsys):
    complain("/no/\x1b]0;pwn\x07\x9b31m\r\n\u202ex\udcff is not shown inside …")

    assert capsys.readouterr().err == (
        "paddock: /no/\\x1b]0;pwn\\x07\\x9b31m\\r\\n\\u202ex\\udcff is not shown inside …\n"
    )
