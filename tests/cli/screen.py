"""A terminal's screen, as far as lines that are drawn over themselves need one: rows that wrap, wide letters, \\r, \\n."""
import re
import unicodedata


def columns(letter):
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


class Screen:
    def __init__(self, width, reflows=False):
        self.width, self.reflows = width, reflows
        self.rows, self.row, self.column = [[]], 0, 0
        self.continued = set()  # rows that go on with the one above

    def put(self, letter):
        size = columns(letter)
        if self.column + size > self.width:
            self.new_row()
            self.continued.add(self.row)
        cells = self.rows[self.row]
        cells.extend(" " * (self.column + size - len(cells)))
        cells[self.column:self.column + size] = [letter] + [""] * (size - 1)
        self.column += size

    def new_row(self):
        self.row, self.column = self.row + 1, 0
        if self.row == len(self.rows):
            self.rows.append([])

    def feed(self, text):
        for letter in re.sub(r"\x1b\[[\d;]*m", "", text):
            if letter == "\r":
                self.column = 0
            elif letter == "\n":
                self.row, column = self.row + 1, self.column
                if self.row == len(self.rows):
                    self.rows.append([])
                self.column = column
            elif columns(letter):
                self.put(letter)

    def resize(self, width):
        """Cuts rows, or breaks those that are too long, as terminals do that reflow."""
        rows, cursor = [], 0
        for number, cells in enumerate(self.rows):
            pieces = [cells[i:i + width] for i in range(0, len(cells), width)] or [[]]
            rows += pieces if self.reflows else pieces[:1]
            if number == self.row:
                cursor = len(rows) - 1
        self.rows, self.row, self.width = rows, cursor, width
        self.column = min(self.column % width if self.reflows else self.column, width - 1)
        self.continued = set()

    def lines(self):
        return ["".join(cells).rstrip() for cells in self.rows]
