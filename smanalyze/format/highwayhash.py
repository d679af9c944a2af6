"""HighwayHash64, with which Riegeli checks its chunks.

Source: github.com/google/highwayhash, c/highwayhash.c.
"""

from __future__ import annotations

from struct import Struct

from smanalyze.format.faults import Buffer

_M = 0xFFFFFFFFFFFFFFFF
_LOW = 0xFFFFFFFF
_INIT_0 = (0xDBE6D5D5FE4CCE2F, 0xA4093822299F31D0, 0x13198A2E03707344, 0x243F6A8885A308D3)
_INIT_1 = (0x3BD39E10CB0EF593, 0xC0ACF169B5F18A8C, 0xBE5466CF34E90C6C, 0x452821E638D01377)
_LANES = Struct("<4Q")

Key = tuple[int, int, int, int]


def highwayhash64(data: Buffer, key: Key) -> int:
    """The unsigned 64-bit hash of ``data``; linear time, some 3 MB/s."""
    state = _State(key)
    whole = len(data) // 32 * 32
    for lanes in _LANES.iter_unpack(memoryview(data)[:whole]):
        state.update(lanes)
    if len(data) > whole:
        state.update_rest(bytes(data[whole:]))
    return state.finish()


class _State:
    def __init__(self, key: Key) -> None:
        self.mul0 = list(_INIT_0)
        self.mul1 = list(_INIT_1)
        self.v0 = [one ^ word for one, word in zip(_INIT_0, key, strict=True)]
        self.v1 = [one ^ _halves_swapped(word) for one, word in zip(_INIT_1, key, strict=True)]

    def update(self, lanes: tuple[int, ...]) -> None:
        v0, v1, mul0, mul1 = self.v0, self.v1, self.mul0, self.mul1
        for i in range(4):
            v1[i] = v1[i] + mul0[i] + lanes[i] & _M
            mul0[i] ^= (v1[i] & _LOW) * (v0[i] >> 32)
            v0[i] = v0[i] + mul1[i] & _M
            mul1[i] ^= (v0[i] & _LOW) * (v1[i] >> 32)
        for source, target in ((v1, v0), (v0, v1)):
            for i in (0, 2):
                low, high = _zipper(source[i + 1], source[i])
                target[i] = target[i] + low & _M
                target[i + 1] = target[i + 1] + high & _M

    def update_rest(self, rest: bytes) -> None:
        """The last 1 to 31 bytes."""
        size = len(rest)
        self.v0 = [word + (size << 32) + size & _M for word in self.v0]
        self.v1 = [_rotate32(word >> 32, size) << 32 | _rotate32(word & _LOW, size) for word in self.v1]
        packet = bytearray(32)
        aligned = size & ~3
        packet[:aligned] = rest[:aligned]
        if size & 16:
            packet[28:] = rest[-4:]
        elif size & 3:
            tail = rest[aligned:]
            packet[16:19] = bytes((tail[0], tail[len(tail) >> 1], tail[-1]))
        self.update(_LANES.unpack(packet))

    def finish(self) -> int:
        for _ in range(4):
            v0 = self.v0
            self.update(tuple(_halves_swapped(v0[i]) for i in (2, 3, 0, 1)))
        return self.v0[0] + self.v1[0] + self.mul0[0] + self.mul1[0] & _M


def _halves_swapped(word: int) -> int:
    return word >> 32 | (word & _LOW) << 32


def _rotate32(half: int, by: int) -> int:
    return (half << by | half >> (32 - by)) & _LOW


def _zipper(v1: int, v0: int) -> tuple[int, int]:
    """ZipperMergeAndAdd: what is added to the lower and to the higher lane."""
    low = (
        ((v0 & 0xFF000000) | (v1 & 0xFF00000000)) >> 24
        | ((v0 & 0xFF0000000000) | (v1 & 0xFF000000000000)) >> 16
        | (v0 & 0xFF0000)
        | (v0 & 0xFF00) << 32
        | (v1 & 0xFF00000000000000) >> 8
        | v0 << 56
    )
    high = (
        ((v1 & 0xFF000000) | (v0 & 0xFF00000000)) >> 24
        | (v1 & 0xFF0000)
        | (v1 & 0xFF0000000000) >> 16
        | (v1 & 0xFF00) << 24
        | (v0 & 0xFF000000000000) >> 8
        | (v1 & 0xFF) << 48
        | (v0 & 0xFF00000000000000)
    )
    return low & _M, high & _M
