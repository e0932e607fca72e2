"""Splits request bodies into records, each with its own JSON text, as strictly as a target would."""
import json
import re

# Between tokens JSON allows these four and no others.
SPACE = re.compile(r"[ \t\r\n]*")


class BadRecord(Exception):
    """args: what is wrong, index of the record, records before it."""


def refuse_constant(name):
    raise ValueError(f"{name} is no JSON")


DECODER = json.JSONDecoder(parse_constant=refuse_constant)


def text_of(body):
    """Targets take UTF-8 without a byte order mark."""
    text = body.decode("utf-8")
    if text.startswith("\ufeff"):
        raise ValueError("byte order mark")
    return text


def decode(text, start=0):
    """(value, end), or ValueError for anything that no JSON parser can be expected to take."""
    try:
        return DECODER.raw_decode(text, start)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def skip(text, position):
    return SPACE.match(text, position).end()


def concatenated(body):
    """[(value, text)] of objects one after another; the error tells what was whole before it."""
    found = []
    try:
        text, position = text_of(body), 0
        position = skip(text, position)
        while position < len(text):
            if text[position] != "{":
                raise ValueError("no object")
            value, end = decode(text, position)
            found.append((value, text[position:end].encode()))
            position = skip(text, end)
    except ValueError as problem:
        raise BadRecord(str(problem), len(found), found) from None
    return found


def array(body):
    """[(value, text)] of one JSON array, or BadRecord."""
    found = []
    try:
        text = text_of(body)
        position = skip(text, 0)
        if text[position:position + 1] != "[":
            raise ValueError("no array")
        position = skip(text, position + 1)
        if text[position:position + 1] == "]":
            end = position + 1
        else:
            end = elements(text, position, found)
        if skip(text, end) != len(text):
            raise ValueError("text after the array")
    except ValueError as problem:
        raise BadRecord(str(problem), len(found), found) from None
    return found


def elements(text, position, found):
    while True:
        value, end = decode(text, position)
        found.append((value, text[position:end].encode()))
        position = skip(text, end)
        mark = text[position:position + 1]
        if mark == "]":
            return position + 1
        if mark != ",":
            raise ValueError("no comma between elements")
        position = skip(text, position + 1)


def lines(body):
    """[(value, text)] of NDJSON: one object a line, the last line ended as well."""
    found = []
    try:
        text = text_of(body)
        if not text.endswith("\n"):
            raise ValueError("the last line has no end")
        for line in text[:-1].split("\n"):
            value, end = decode(line)
            if end != len(line) or not isinstance(value, dict):
                raise ValueError("not one object a line")
            found.append((value, line.encode()))
    except ValueError as problem:
        raise BadRecord(str(problem), len(found), found) from None
    return found


FIRST_KEY = re.compile(rb"[\s\[]*(\{\s*\"[^\"]*\"\s*:)")


def estimate(body):
    """How many records a body has if all begin with the same key, found without parsing it."""
    match = FIRST_KEY.match(body)
    return body.count(match.group(1)) if match else 0
