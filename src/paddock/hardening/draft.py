"""A sheet that is being changed. Parts are named by their path in the file as it was read, whatever was taken away."""

from __future__ import annotations

from paddock.hardening.sheet import Body, Part, Sheet, of_data

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Literal

    from paddock.devcontainer.source import Path
    from paddock.hardening.sheet import Scalar, Value


class Cell:
    """One value with its comments; objects and lists have cells of their own."""

    def __init__(self, part: Part) -> None:
        self.key = part.key
        self.remarks = [*part.remarks]
        self.gone = False
        self.kind: Literal["object", "array", "scalar"] = "scalar"
        self.scalar: Scalar = None
        self.cells: list[Cell] = []
        self.after: list[str] = []
        self.put(part.value)

    def put(self, value: Value) -> None:
        """Another value, without the comments that were in the old one."""
        body = value if isinstance(value, Body) else None
        self.kind = body.kind if body else "scalar"
        self.scalar = None if isinstance(value, Body) else value
        self.cells = [Cell(one) for one in body.parts] if body else []
        self.after = [*body.after] if body else []
        self.gone = False

    def remove(self, *remarks: str) -> None:
        """Take it away. What was said about it goes with it, and what is said now stands in its place."""
        self.gone = True
        self.remarks = [*remarks]

    def say(self, *remarks: str) -> None:
        """Comments above it, once."""
        if not set(remarks) <= set(self.remarks):
            self.remarks += remarks

    def under(self, step: str | int) -> Cell | None:
        """A member, or an item by its number as it was read."""
        if isinstance(step, int):
            return self.cells[step] if self.kind == "array" and step < len(self.cells) else None
        return next((one for one in self.cells if one.key == step), None) if self.kind == "object" else None

    def done(self) -> Part | None:
        """The part that it has become; None where it is gone, or where nothing in it is left."""
        if self.gone:
            return None
        if self.kind == "scalar":
            return Part(self.scalar, self.key, tuple(self.remarks))
        parts: list[Part] = []
        waiting: list[str] = []  # what is said of parts that are gone, until the next one that is not
        for cell in self.cells:
            found = cell.done()
            if found is None:
                waiting += cell.left()
            else:
                parts.append(Part(found.value, found.key, (*waiting, *found.remarks)))
                waiting = []
        if self.cells and not parts:
            return None
        return Part(Body(self.kind, tuple(parts), (*waiting, *self.after)), self.key, tuple(self.remarks))

    def left(self) -> list[str]:
        """What is said of it where it is gone."""
        own = [*self.remarks] if self.gone or self.kind != "scalar" else []
        return own if self.gone else [*own, *(one for cell in self.cells for one in cell.left()), *self.after]


class Draft:
    """A whole file on its way."""

    def __init__(self, sheet: Sheet) -> None:
        self.head = [*sheet.head]
        self.tail = sheet.tail
        self.root = Cell(Part(sheet.root))

    def at(self, path: Path) -> Cell | None:
        """The cell at a path, None where there is none or where it is gone."""
        cell: Cell | None = self.root
        for step in path:
            cell = cell.under(step) if cell and not cell.gone else None
        return None if cell is None or cell.gone else cell

    def set(self, key: str, value: object, *remarks: str, first: bool = False) -> None:
        """A member of the file gets a value; one that is not there comes last, or `first`. Nothing where it has it."""
        wanted = of_data(value)
        cell = next((one for one in self.root.cells if one.key == key), None)
        if cell is None:
            cell = Cell(Part(wanted, key))
            self.root.cells.insert(0 if first else len(self.root.cells), cell)
        elif (found := cell.done()) is not None and _bare(found.value) == _bare(wanted):
            return
        else:
            cell.put(wanted)
        cell.say(*remarks)

    def append(self, key: str, value: object, *remarks: str) -> None:
        """One more item of a list of the file."""
        cell = next((one for one in self.root.cells if one.key == key), None)
        if cell is None or cell.gone or cell.kind != "array":
            said = [] if cell is None else cell.remarks
            if cell is not None:
                self.root.cells.remove(cell)
            cell = Cell(Part(Body("array"), key, tuple(said)))
            self.root.cells.append(cell)
        cell.cells.append(Cell(Part(of_data(value), None, tuple(remarks))))

    def replace_items(self, key: str, parts: Iterable[Part], after: Sequence[str]) -> None:
        """A list of the file as a whole; without items it goes, and `after` is said in its place."""
        body = Body("array", tuple(parts), tuple(after))
        cell = next((one for one in self.root.cells if one.key == key), None)
        if cell is None and body.parts:
            self.root.cells.append(Cell(Part(body, key)))
        elif cell is not None and body.parts:
            cell.put(body)
        elif cell is not None:
            cell.remove(*after)

    def done(self) -> Sheet:
        """The sheet that it has become."""
        part = self.root.done()
        root = part.value if part and isinstance(part.value, Body) else Body("object", (), tuple(self.root.left()))
        return Sheet(root, tuple(self.head), self.tail)


def _bare(value: Value) -> Value:
    """A value without comments."""
    if not isinstance(value, Body):
        return value
    return Body(value.kind, tuple(Part(_bare(one.value), one.key) for one in value.parts))
