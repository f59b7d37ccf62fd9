"""JSON with comments, read with the place of every value.

The grammar is RFC 8259, plus what the readers of devcontainer.json take: `//` and `/* */` comments, and a comma
before a closing bracket, which the specification's schema does not allow and which is a flaw here. The parser that
lark makes of it has a stack of its own: no nesting exhausts Python's.

The reference CLI reads with a parser that guesses its way through broken text (Microsoft's `jsonc-parser`, its
errors ignored). Two readers may guess differently, and then what was reviewed is not what runs; so broken text is
refused here.
"""

from __future__ import annotations

import functools
import re

from paddock.devcontainer.document import Broken, Comment, Document, Flaw, Member, Node
from paddock.devcontainer.lines import lines_of
from paddock.devcontainer.stopping import end, start, unexpected, unreadable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lark import Lark, Token, Tree

    from paddock.devcontainer.document import Place
    from paddock.devcontainer.lines import Lines

LARGEST = 256 * 1024  # bytes; the largest of some 180 real files has 7 kB
DEEPEST = 100  # the specification itself needs six; arguments and settings of editors some more

# Control characters in a string are taken, as by all readers of this file, but for line ends. A number ends where a
# word would: `01` is one wrong word, not two numbers. Words are in the grammar, where none is ever right, so that the
# parser says what could stand in place of one.
_GRAMMAR = r"""
start: value | _NEVER WORD
%declare _NEVER
?value: object | array | STRING | NUMBER | TRUE | FALSE | NULL
object: LBRACE (pair (COMMA pair)* COMMA?)? RBRACE
pair: STRING COLON value
array: LSQB (value (COMMA value)* COMMA?)? RSQB
LBRACE: "{"
RBRACE: "}"
LSQB: "["
RSQB: "]"
COMMA: ","
COLON: ":"
STRING: /"[^"\\\n\r]*(?:\\(?:["\\\/bfnrt]|u[0-9A-Fa-f]{4})[^"\\\n\r]*)*"/
NUMBER: /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![^\s"{}\[\],:\/])/
TRUE: /true(?![^\s"{}\[\],:\/])/
FALSE: /false(?![^\s"{}\[\],:\/])/
NULL: /null(?![^\s"{}\[\],:\/])/
WORD.-1: /[^\s"{}\[\],:\/]+/
COMMENT: /\/\/[^\n\r]*|\/\*[^*]*\*+(?:[^\/*][^*]*\*+)*\//
BLANK: /[ \t\n\r]+/
%ignore COMMENT
%ignore BLANK
"""
_COMMENT = re.compile(r"//[^\n\r]*|/\*.*?\*/", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_MARK = "\ufeff"
_EXACT = 2**53  # beyond it numbers are floating point, as in JavaScript
_VALUES = frozenset(["STRING", "NUMBER", "TRUE", "FALSE", "NULL"])
_WORDS = {"TRUE": True, "FALSE": False, "NULL": None}


def decode(file: str, raw: bytes) -> str:
    """The text of a file's bytes. Raises Broken where it is not UTF-8 or too large to be what it says it is."""
    if len(raw) > LARGEST:
        raise _too_large(file, len(raw))
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        text = raw.decode(errors="replace")
        offset = len(raw[: error.start].decode())
        place = lines_of(file, text).place(offset, offset + 1)
        raise Broken("the file is not UTF-8 from here on", place, text) from None


def parse(file: str, text: str) -> Document:
    """Read a whole text; `file` is its name in places. Raises Broken."""
    if len(text) > LARGEST:  # of an image's label, which was no file
        raise _too_large(file, len(text))
    return _Reader(file, text).document()


def _too_large(file: str, size: int) -> Broken:
    return Broken(
        f"this is {size} bytes long, and more than {LARGEST} are not read", lines_of(file, "").place(0, 0), ""
    )


@functools.cache
def _parser() -> Lark:
    from lark import Lark

    return Lark(_GRAMMAR, parser="lalr", lexer="basic")


class _Reader:
    """One text on its way to a tree."""

    def __init__(self, file: str, text: str) -> None:
        self.text = text
        self.lines: Lines = lines_of(file, text)
        self.flaws: list[Flaw] = []
        self.comments: list[Comment] = []
        self.opened: list[Token] = []
        self.last = 0  # where the last token that was in order ended
        self.comma = False  # and whether it was a comma

    def document(self) -> Document:
        text = self.text
        if text.startswith(_MARK):
            self.flaw("byte-order-mark", "the file begins with a byte order mark, which JSON does not have", 0, 1)
            text = " " + text[1:]
        root = self.node(self.tree(text).children[0])
        flaws = sorted(self.flaws, key=lambda flaw: flaw.place.offset)
        return Document(self.lines.file, self.text, root, tuple(flaws), tuple(self.comments))

    def flaw(self, code: str, message: str, offset: int, past: int) -> None:
        self.flaws.append(Flaw(code, message, self.lines.place(offset, past)))

    def broken(self, message: str, offset: int, past: int) -> Broken:
        return Broken(message, self.lines.place(offset, past), self.text)

    # The tokens, one by one, for what the tree does not keep: comments, commas, depth.

    def tree(self, text: str) -> Tree[Token]:
        from lark import UnexpectedCharacters, UnexpectedToken

        stepping = _parser().parse_interactive(text)
        try:
            for token in stepping.iter_parse():
                self.between(self.last, start(token))
                self.seen(token)
                self.last, self.comma = end(token), token.type == "COMMA"
            self.between(self.last, len(text))
            tree: Tree[Token] = stepping.feed_eof()  # type: ignore[no-untyped-call]
        except UnexpectedToken as error:
            around = [one for one in self.opened if one is not error.token]
            place, message = unexpected(error.token, error.expected, around, self.last)
        except UnexpectedCharacters as error:
            stopped: int = error.pos_in_stream  # type: ignore[assignment] # declared None in a base class
            place, message = unreadable(text, stopped)
        else:
            return tree
        raise self.broken(message, *place)

    def between(self, offset: int, past: int) -> None:
        """Comments are all that is kept of what stands between two tokens."""
        for found in _COMMENT.finditer(self.text, offset, past):
            self.comments.append(Comment(found[0], self.lines.place(*found.span())))

    def seen(self, token: Token) -> None:
        if token.type in ("LBRACE", "LSQB"):
            if len(self.opened) >= DEEPEST:
                raise self.broken(f"more than {DEEPEST} levels of brackets are not read", start(token), end(token))
            self.opened.append(token)
        elif token.type in ("RBRACE", "RSQB") and self.opened:
            if self.comma:
                self.flaw("trailing-comma", f"JSON has no comma before `{token}`", self.last - 1, self.last)
            if token.type[1:] == self.opened[-1].type[1:]:
                self.opened.pop()

    # The tree

    def node(self, part: Tree[Token] | Token) -> Node:
        if not isinstance(part, str):
            return self.object(part.children) if part.data == "object" else self.array(part.children)
        place = self.place(part)
        if part.type == "STRING":
            return Node("string", self.string(part), place)
        if part.type == "NUMBER":
            return Node("number", self.number(part), place)
        return Node("null" if part.type == "NULL" else "boolean", _WORDS[part.type], place)

    def object(self, children: list[Tree[Token] | Token]) -> Node:
        members: list[Member] = []
        first: dict[str, Place] = {}
        for pair in children:
            if isinstance(pair, str):  # a bracket or a comma
                continue
            key: Token = pair.children[0]  # type: ignore[assignment] # the grammar has a token there
            member = Member(self.string(key), self.place(key), self.node(pair.children[2]))
            self.judge_key(member, first)
            members.append(member)
        return Node("object", None, self.around(children), tuple(members))

    def array(self, children: list[Tree[Token] | Token]) -> Node:
        values = [one for one in children if not isinstance(one, str) or one.type in _VALUES]
        return Node("array", None, self.around(children), items=tuple(self.node(one) for one in values))

    def judge_key(self, member: Member, first: dict[str, Place]) -> None:
        place = member.key_place
        if member.key in first:
            said = f"{self.text[place.offset : place.end]} is written twice: this one counts, not that of line "
            self.flaws.append(Flaw("duplicate-key", f"{said}{first[member.key].line}", place))
        first[member.key] = place
        if member.key == "__proto__":
            # Measured with 0.89.0: a workspaceMount in it mounts the host's root, and appears nowhere else.
            said = "`__proto__` is not read: to tools in JavaScript what it holds belongs to the object around it"
            raise self.broken(said, place.offset, place.end)

    def string(self, token: Token) -> str:
        import json

        place = self.place(token)
        value: str = json.loads(str(token), strict=False)
        if _CONTROL.search(token):
            said = "a control character stands in a string, where JSON wants an escape such as `\\t`"
            self.flaws.append(Flaw("control-character", said, place))
        if "\0" in value:
            said = "the string holds NUL, which no path, variable or argument can"
            self.flaws.append(Flaw("nul-character", said, place))
        if _SURROGATE.search(value):
            said = "half of a surrogate pair is no character; tools write U+FFFD in its place"
            self.flaws.append(Flaw("lone-surrogate", said, place))
            value = _SURROGATE.sub("\N{REPLACEMENT CHARACTER}", value)
        return value

    def number(self, token: Token) -> int | float:
        value = float(token)
        if value in (float("inf"), float("-inf")):
            raise self.broken("the number is too large", start(token), end(token))
        exact = abs(value) <= _EXACT and not set(token) & set(".eE")
        return int(value) if exact else value

    def place(self, token: Token) -> Place:
        return self.lines.place(start(token), end(token))

    def around(self, children: list[Tree[Token] | Token]) -> Place:
        tokens = [one for one in children if isinstance(one, str)]
        return self.lines.place(start(tokens[0]), end(tokens[-1]))
