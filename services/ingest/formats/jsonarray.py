"""Cutting a JSON array into its items without parsing them, however long the array is."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from hub.kernel.problems import Problem
from hub.text.messages import bilingual
from services.ingest.core.identity import AN_OBJECT
from services.ingest.core.rows import Limits, Row
from services.ingest.formats.base import KEPT_BYTES, broken, too_long

_CHUNK = 256 * 2**10
_STRING = rb'"(?:[^"\\]++|\\.)*+"'
_NO_BRACKETS = rb'[^"{}\[\]]*+(?:' + _STRING + rb'[^"{}\[\]]*+)*+'
_TO_BRACKET = re.compile(_NO_BRACKETS + rb"([{}\[\]])", re.DOTALL)
_PLAIN = re.compile(_NO_BRACKETS, re.DOTALL)
_SCALAR = re.compile(rb"(?:" + _STRING + rb'|[^\s",\[\]{}]++)(?=[\s,\]])', re.DOTALL)
_SPACE = re.compile(rb"[ \t\r\n]*+")


def array_items(stream: BinaryIO, limits: Limits) -> Iterator[Row]:
    """The items of the array that starts at the stream's position, numbered from 1.

    What is no object, or too long, is a row with a problem; a break of the array itself is the last row.
    """
    scanner = _Scanner(stream, limits.row_bytes)
    scanner.next_byte()
    scanner.position += 1
    number, following = 0, scanner.next_byte()
    if following != b"]":
        while True:
            number += 1
            yield _item(scanner, number, limits)
            if scanner.lost:
                return
            following = scanner.next_byte()
            if following != b",":
                break
            scanner.position += 1
    if following == b"]":
        scanner.position += 1
        following = scanner.next_byte()
        if not following:
            return
        yield _broken(number + 1, "end-of-array", scanner.here)
    else:
        yield _broken(number + 1, "comma-or-end", scanner.here)


def _item(scanner: "_Scanner", number: int, limits: Limits) -> Row:
    item = scanner.bracketed() if scanner.next_byte() in (b"{", b"[") else scanner.scalar()
    if not item and scanner.lost:
        return _broken(number, "whole-object", scanner.here)
    if len(item) > limits.row_bytes:
        return Row(number, "json", item[:KEPT_BYTES], KEPT_BYTES, problems=(too_long(limits),))
    if item[:1] != b"{":
        return Row(number, "json", item, len(item), problems=(Problem("not-an-object", AN_OBJECT),))
    return Row(number, "json", item, len(item))


def _broken(number: int, wanted: str, found: bytes) -> Row:
    expected = bilingual("ingest.rest-unread", expected=bilingual(f"ingest.json.{wanted}"))
    problem = broken("broken-json", expected, found)
    return Row(number, "json", found, len(found), problems=(problem,))


class _Scanner:
    """A window on the stream. `lost`: the document broke off or broke, and nothing after `here` can be told apart."""

    def __init__(self, stream: BinaryIO, limit: int) -> None:
        self._stream = stream
        self._limit = limit
        self._buffer = b""
        self.position = 0
        self.lost = False

    @property
    def here(self) -> bytes:
        return self._buffer[self.position : self.position + 60]

    def next_byte(self) -> bytes:
        """The next byte that is no white space, not yet taken; empty at the end of the document."""
        while True:
            found = _SPACE.match(self._buffer, self.position)
            self.position = found.end() if found else self.position
            if self.position < len(self._buffer):
                return self._buffer[self.position : self.position + 1]
            if not self._more(self.position):
                return b""

    def scalar(self) -> bytes:
        """Take a string, number or word; empty, and lost, where there is none."""
        match = _SCALAR.match(self._buffer, self.position)
        while match is None and len(self._buffer) - self.position <= self._limit and self._more(self.position):
            match = _SCALAR.match(self._buffer, self.position)
        if match is None:
            self.lost = True
            return b""
        self.position = match.end()
        return match[0]

    def bracketed(self) -> bytes:
        """Take an object or array; more than `limit` bytes of it only where it is longer, and then not all of it."""
        depth, at = 0, self.position
        while True:
            match = _TO_BRACKET.match(self._buffer, at)
            if match is None:
                if len(self._buffer) - self.position > self._limit:
                    return self._skipped(depth, at)
                shift = self.position
                if not self._more(shift):
                    self.lost = True
                    return b""
                at -= shift
                continue
            at = match.end()
            depth += 1 if match[1] in b"{[" else -1
            if not depth:
                start, self.position = self.position, at
                return self._buffer[start:at]

    def _skipped(self, depth: int, at: int) -> bytes:
        """Pass over the rest of an item in bounded memory; its first bytes."""
        kept = self._buffer[self.position : self.position + self._limit + 1]
        self.position = at
        while True:
            found = _TO_BRACKET.match(self._buffer, self.position)
            if found is not None:
                self.position = found.end()
                depth += 1 if found[1] in b"{[" else -1
                if not depth:
                    return kept
                continue
            plain = _PLAIN.match(self._buffer, self.position)
            rest = self._buffer[plain.end() if plain else self.position :]
            # Of a string that goes on beyond the window only its quote, and the half of an escape, matter.
            self._buffer = b'"' + b"\\" * ((len(rest) - len(rest.rstrip(b"\\"))) % 2) if rest else b""
            self.position = 0
            if not self._more(0):
                self.lost = True
                return kept

    def _more(self, start: int) -> bool:
        """Drop what lies before `start`, which becomes 0, and read on; False at the end of the document."""
        chunk = self._stream.read(_CHUNK)
        self._buffer = self._buffer[start:] + chunk
        self.position = 0
        return bool(chunk)
