"""The reader of LevelDB tables, against a writer by the format's document and against damage."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from smanalyze.errors import FormatError
from smanalyze.format import table as module
from smanalyze.format.checksum import masked_crc32c
from smanalyze.format.faults import Faults
from smanalyze.format.table import FOOTER_BYTES, MAGIC, Block, quote, read_blocks
from smanalyze.format.varint import read_varint
from smanalyze.model.parts import Unreadable
from tests.format.bundle_writer import block, handle, table, varint

PAIRS = [(f"layer_{number:03d}/kernel".encode(), bytes([number % 256]) * (number % 40)) for number in range(100)]


def read(data: bytes) -> tuple[list[Block], tuple[Unreadable, ...]]:
    faults = Faults("checkpoint", "v.index")
    return list(read_blocks(memoryview(data), faults)), faults.records()


def pairs(blocks: list[Block]) -> list[tuple[bytes, bytes]]:
    return [pair for part in blocks for pair in part.entries]


def sealed(content: bytes, kind: int = 0) -> bytes:
    """A block with its trailer."""
    tail = bytes((kind,))
    return content + tail + masked_crc32c(content + tail).to_bytes(4, "little")


def assemble(data_blocks: bytes, handles: list[bytes], metaindex: bytes | None = None) -> bytes:
    """A table of ready-made data blocks and whatever handles; its metaindex block is empty, as TensorFlow's are."""
    empty, start = block([]), len(data_blocks)
    index = block([(b"%06d" % number, value) for number, value in enumerate(handles)], 1)
    placed = handle(start, len(empty)) if metaindex is None else metaindex
    footer = (placed + handle(start + len(sealed(empty)), len(index))).ljust(40, b"\0")
    return data_blocks + sealed(empty) + sealed(index) + footer + MAGIC


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("block_entries", [1, 16, 1000])
def test_round_trip(block_entries: int, compress: bool) -> None:
    blocks, problems = read(table(PAIRS, block_entries, compress))
    assert pairs(blocks) == PAIRS
    assert problems == ()
    assert len(blocks) == -(-len(PAIRS) // block_entries)
    assert {part.compressed for part in blocks} == {compress}
    assert blocks[0].offset == 0


@given(
    st.dictionaries(st.binary(max_size=300), st.binary(max_size=300), max_size=60), st.integers(1, 20), st.booleans()
)
def test_any_table(content: dict[bytes, bytes], block_entries: int, compress: bool) -> None:
    rows = sorted(content.items())
    blocks, problems = read(table(rows, block_entries, compress))
    assert (pairs(blocks), problems) == (rows, ())


def test_an_empty_table() -> None:
    assert read(table([])) == ([], ())


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty-file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "lfs-pointer"),
        (b"item {\n  name: 'cat'\n}\n" * 10, "wrong-kind"),
        (table(PAIRS)[:-1], "truncated"),
        (table(PAIRS).decode("utf-8", "replace").encode(), "utf8-mangled"),
    ],
)
def test_no_table(data: bytes, code: str) -> None:
    if code == "truncated":
        data = b"\0\0" + data[2:]
    blocks, problems = read(data)
    assert blocks == []
    assert [problem.code for problem in problems] == [code]


def test_a_flipped_bit_is_found_and_the_rest_is_read() -> None:
    data = bytearray(table(PAIRS, 25))
    second = read(bytes(data))[0][1].offset
    data[second + 20] ^= 1
    blocks, problems = read(bytes(data))
    assert [len(part.entries) for part in blocks] == [25, 25, 25, 25]
    assert [(problem.code, problem.offset) for problem in problems] == [("corrupt", second)]
    assert "checksum" in problems[0].message


def test_a_block_that_breaks_off_keeps_what_was_read() -> None:
    content = block([(b"a", b"1"), (b"b", b"2")])
    broken = content[:-8] + varint(9) + content[-8:]
    blocks, problems = read(assemble(sealed(broken), [handle(0, len(broken))]))
    assert pairs(blocks) == [(b"a", b"1"), (b"b", b"2")]
    assert "breaks off in entry 2" in problems[0].message


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\0\0",
        (2**31).to_bytes(4, "little"),
        b"\0\1\1ab" + bytes(4),  # entries, but no restart
        b"\5\1\1ab" + bytes(4) + b"\1\0\0\0",  # shares more than the last key has
        b"\0\x7f\1ab" + bytes(4) + b"\1\0\0\0",  # key past the end
        b"\0\1\x7fab" + bytes(4) + b"\1\0\0\0",  # value past the end
        b"\0\xff\xff\xff\xff\xff\xff\1a" + bytes(4) + b"\1\0\0\0",
    ],
)
def test_bad_content(content: bytes) -> None:
    blocks, problems = read(assemble(sealed(content), [handle(0, len(content))]))
    assert pairs(blocks) == []
    assert [problem.code for problem in problems] == ["corrupt"]


@pytest.mark.parametrize(
    ("handles", "message"),
    [
        ([handle(0, 2**62)], "past the table's end"),
        ([handle(2**63, 1)], "past the table's end"),
        ([b"\xff"], "not a block handle"),
        ([handle(0, len(block(PAIRS)))] * 2, "overlaps"),
    ],
)
def test_bad_handles(handles: list[bytes], message: str) -> None:
    _, problems = read(assemble(sealed(block(PAIRS)), handles))
    assert message in problems[-1].message


@pytest.mark.parametrize("compress", [False, True])
def test_every_flipped_bit_of_the_metaindex_block_is_found(compress: bool) -> None:
    data = table(PAIRS, 25, compress)
    sound, _ = read(data)
    (start, size), _, _ = footer_of(data)
    for bit in range(8 * start, 8 * (start + size + 5)):
        blocks, (first, *more) = read(flipped(data, bit))
        assert blocks == sound, "data blocks do not depend on it"
        assert (first.code, first.offset) == ("corrupt", start)
        assert "The metaindex block's checksum does not match" in first.message
        assert all("metaindex block" in problem.message for problem in more)


def test_every_flipped_bit_of_the_footer_is_found_but_where_it_says_the_same() -> None:
    """Nobody looks at the padding, and the last varint may go on in it, where it adds zeros."""
    data = table(PAIRS, 25)
    for bit in range(8 * (len(data) - FOOTER_BYTES), 8 * len(data)):
        damaged = flipped(data, bit)
        blocks, problems = read(damaged)
        assert bool(problems) is (footer_of(damaged) != footer_of(data)), bit
        assert problems or pairs(blocks) == PAIRS


def footer_of(data: bytes) -> tuple[tuple[int, int], tuple[int, int], bytes]:
    """The handles of metaindex and index block, and the magic number; zeros for a handle without end."""
    numbers, position = [0] * 4, len(data) - FOOTER_BYTES
    with suppress(FormatError):
        for number in range(4):
            numbers[number], position = read_varint(data, position)
    return (numbers[0], numbers[1]), (numbers[2], numbers[3]), data[-8:]


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


DATA = sealed(block(PAIRS))
BEHIND = len(DATA) + len(sealed(block([])))  # where the index block begins


@pytest.mark.parametrize(
    ("metaindex", "code", "message"),
    [
        (handle(len(DATA), 2**62), "truncated", "reaches past the table's end"),
        (handle(2**63, 8), "truncated", "reaches past the table's end"),
        (handle(2**64 - 1, 2**64 - 1), "truncated", "reaches past the table's end"),
        (handle(0, len(DATA) - 5), "corrupt", "overlaps or precedes another block"),  # the data block itself
        (handle(0, 0), "corrupt", "overlaps or precedes another block"),
        (handle(len(DATA) - 1, 8), "corrupt", "overlaps or precedes another block"),
        (handle(len(DATA), 9), "corrupt", "overlaps or precedes another block"),
        (handle(BEHIND, 8), "corrupt", "overlaps or precedes another block"),
        (handle(len(DATA), 7), "corrupt", "checksum does not match"),
        (handle(len(DATA) + 1, 7), "corrupt", "checksum does not match"),
    ],
)
def test_bad_handles_of_the_metaindex_block(metaindex: bytes, code: str, message: str) -> None:
    blocks, (problem,) = read(assemble(DATA, [handle(0, len(DATA) - 5)], metaindex))
    assert pairs(blocks) == PAIRS
    assert problem.message.startswith("The metaindex block")
    assert (problem.code, problem.offset) == (code, read_varint(metaindex, 0)[0])
    assert message in problem.message


PLACES = st.builds(handle, st.integers(0, 60), st.integers(0, 60))


@example([handle(0, 60)], handle(50, 10))  # all three over the first bytes of the index block
@example([], handle(50, 10))
@given(st.lists(PLACES, max_size=4), PLACES)
def test_no_byte_is_read_more_than_twice(handles: list[bytes], metaindex: bytes) -> None:
    """Whatever the handles say: two of one block, and blocks that overlap."""
    made = Counted(assemble(bytes(40), handles, metaindex))
    made.counts = [0] * len(made)
    list(read_blocks(made, Faults("checkpoint", "v.index")))
    assert max(made.counts) <= 2


class Counted(bytes):
    """Counts how often each byte is read as part of a block."""

    counts: list[int]

    def __getitem__(self, asked: Any) -> Any:
        if isinstance(asked, slice) and asked.start is not None and asked.stop is not None:
            for position in range(asked.start, asked.stop):
                self.counts[position] += 1
        return super().__getitem__(asked)


def test_unknown_compression() -> None:
    content = block(PAIRS)
    blocks, problems = read(assemble(sealed(content, 4), [handle(0, len(content))]))
    assert blocks == []
    assert (problems[0].offset, problems[0].code) == (len(content), "corrupt")


def test_order_of_keys() -> None:
    content = block([(b"b", b""), (b"b", b""), (b"a", b"")])
    blocks, problems = read(assemble(sealed(content), [handle(0, len(content))]))
    assert len(pairs(blocks)) == 3
    assert [problem.message for problem in problems] == ["The key 'b' is there twice.", "The key 'a' is out of order."]


def test_many_handles_to_one_block_stay_linear() -> None:
    content = bytes(4 << 20)
    # An unknown compression, so the block is not read further than its checksum.
    data = assemble(sealed(content, 9), [handle(0, len(content))] * 5000)
    start = time.process_time()
    read(data)
    assert time.process_time() - start < 2


def test_prefix_compression_cannot_explode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SHARED_KEY_BYTES", 1 << 20)
    long_key = b"\0" + varint(10_000) + b"\0" + b"k" * 10_000
    content = long_key + (varint(10_000) + b"\0\0") * 50_000 + bytes(4) + b"\1\0\0\0"
    blocks, problems = read(assemble(sealed(content), [handle(0, len(content))] * 3))
    assert len(pairs(blocks)) < 200
    assert "limit" in {problem.code for problem in problems}


def test_too_many_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_ENTRIES", 50)
    blocks, problems = read(table(PAIRS, 10))
    assert 0 < len(pairs(blocks)) <= 50
    assert [problem.code for problem in problems] == ["limit"]


def test_too_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_INDEX_BYTES", 100)
    blocks, problems = read(table(PAIRS))
    assert (blocks, [problem.code for problem in problems]) == ([], ["limit"])


@settings(deadline=2000)
@given(st.data())
def test_damage_never_raises(data: st.DataObject) -> None:
    sound = table(PAIRS, 30, data.draw(st.booleans()))
    damaged = bytearray(sound)
    for _ in range(data.draw(st.integers(0, 4))):
        damaged[data.draw(st.integers(0, len(sound) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(sound)))
    kept = bytes(damaged[:cut]) + sound[-FOOTER_BYTES:] if data.draw(st.booleans()) else bytes(damaged[:cut])
    blocks, problems = read(kept)
    if kept != sound and cut != len(sound):
        assert problems or not blocks or pairs(blocks) == PAIRS


def test_quote() -> None:
    assert quote(b"a\0b") == "'a\\x00b'"
    assert quote(b"k" * 1000).endswith("(1000 bytes)")
