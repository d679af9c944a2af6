"""The reader of LevelDB tables, against a writer by the format's document and against damage."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smanalyze.format import table as module
from smanalyze.format.checksum import masked_crc32c
from smanalyze.format.faults import Faults
from smanalyze.format.table import FOOTER_BYTES, MAGIC, Block, quote, read_blocks
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


def assemble(data_blocks: bytes, handles: list[bytes]) -> bytes:
    """A table of ready-made data blocks and whatever handles."""
    index = block([(b"%06d" % number, value) for number, value in enumerate(handles)], 1)
    footer = (handle(0, 0) + handle(len(data_blocks), len(index))).ljust(40, b"\0")
    return data_blocks + sealed(index) + footer + MAGIC


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
