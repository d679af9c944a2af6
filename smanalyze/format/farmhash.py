"""FarmHash Fingerprint64, the hash of fingerprint.pb.

Source: github.com/google/farmhash, src/farmhash.cc (namespace farmhashna, whose Hash64 is Fingerprint64);
FingerprintCat64 is that of tensorflow/core/platform/fingerprint.h.
"""

from __future__ import annotations

from struct import Struct

from smanalyze.format.faults import Buffer

_K0 = 0xC3A5C85C97CB3127
_K1 = 0xB492B66FBE98F273
_K2 = 0x9AE16A3B2F90404F
_CAT = 0xC6A4A7935BD1E995
_M = 0xFFFFFFFFFFFFFFFF
_SEED = 81

_LINE = Struct("<8Q")
_u64 = Struct("<Q").unpack_from
_u32 = Struct("<I").unpack_from


def fingerprint64(data: Buffer) -> int:
    """The unsigned 64-bit fingerprint of ``data``; linear time (some 30 MB/s), no copy of a map."""
    size = len(data)
    if size > 64:
        return _long(data, size)
    if size > 32:
        return _33_to_64(data, size)
    return _17_to_32(data, size) if size > 16 else _0_to_16(data, size)


def fingerprint_cat64(a: int, b: int) -> int:
    """The fingerprint of two joined, the order of which counts."""
    result = a ^ _CAT
    result ^= _shift_mix(b * _CAT & _M) * _CAT & _M
    result = result * _CAT & _M
    result = _shift_mix(result) * _CAT & _M
    return _shift_mix(result)


def _rotate(value: int, by: int) -> int:
    return (value >> by | value << (64 - by)) & _M


def _shift_mix(value: int) -> int:
    return value ^ value >> 47


def _mix(u: int, v: int, mul: int) -> int:
    """HashLen16 of three."""
    a = _shift_mix((u ^ v) * mul & _M)
    b = _shift_mix((v ^ a) * mul & _M)
    return b * mul & _M


def _0_to_16(data: Buffer, size: int) -> int:
    mul = _K2 + size * 2
    if size >= 8:
        a = _u64(data, 0)[0] + _K2
        b = _u64(data, size - 8)[0]
        return _mix(_rotate(b, 37) * mul + a & _M, (_rotate(a & _M, 25) + b) * mul & _M, mul)
    if size >= 4:
        return _mix(size + (_u32(data, 0)[0] << 3), _u32(data, size - 4)[0], mul)
    if size:
        y = data[0] + (data[size >> 1] << 8)
        z = size + (data[size - 1] << 2)
        return _shift_mix((y * _K2 ^ z * _K0) & _M) * _K2 & _M
    return _K2


def _17_to_32(data: Buffer, size: int) -> int:
    mul = _K2 + size * 2
    a = _u64(data, 0)[0] * _K1 & _M
    b = _u64(data, 8)[0]
    c = _u64(data, size - 8)[0] * mul & _M
    d = _u64(data, size - 16)[0] * _K2
    return _mix(_rotate(a + b & _M, 43) + _rotate(c, 30) + d & _M, a + _rotate(b + _K2 & _M, 18) + c & _M, mul)


def _33_to_64(data: Buffer, size: int) -> int:
    mul = _K2 + size * 2
    a = _u64(data, 0)[0] * _K2 & _M
    b = _u64(data, 8)[0]
    c = _u64(data, size - 8)[0] * mul & _M
    d = _u64(data, size - 16)[0] * _K2
    y = _rotate(a + b & _M, 43) + _rotate(c, 30) + d & _M
    z = _mix(y, a + _rotate(b + _K2 & _M, 18) + c & _M, mul)
    e = _u64(data, 16)[0] * mul & _M
    f = _u64(data, 24)[0]
    g = (y + _u64(data, size - 32)[0]) * mul & _M
    h = (z + _u64(data, size - 24)[0]) * mul
    return _mix(_rotate(e + f & _M, 43) + _rotate(g, 30) + h & _M, e + _rotate(f + a & _M, 18) + g & _M, mul)


def _long(data: Buffer, size: int) -> int:
    """More than 64 bytes: seven words of state, 64 bytes a step. Written out: a call would double the time."""
    m = _M
    k1 = _K1
    x = _SEED * _K2 + _u64(data, 0)[0] & m
    y = _SEED * _K1 + 113 & m
    z = _shift_mix(y * _K2 + 113 & m) * _K2 & m
    v0 = v1 = w0 = w1 = 0
    whole = (size - 1) // 64 * 64
    for a, b, c, d, e, f, g, h in _LINE.iter_unpack(memoryview(data)[:whole]):
        x = x + y + v0 + b & m
        y = y + v1 + g & m
        x = (x >> 37 | x << 27) * k1 & m ^ w1
        y = (y >> 42 | y << 22) * k1 + v0 + f & m
        z = z + w0 & m
        z = (z >> 33 | z << 31) * k1 & m
        s = v1 * k1 + a
        t = x + w0 + d + s & m
        r = b + c + s
        v0 = r + d & m
        r &= m
        v1 = (t >> 21 | t << 43) + (r >> 44 | r << 20) + s & m
        s = z + w1 + e
        t = y + c + h + s & m
        r = f + g + s
        w0 = r + h & m
        r &= m
        w1 = (t >> 21 | t << 43) + (r >> 44 | r << 20) + s & m
        z, x = x, z
    return _last_line(data, size, (x, y, z, v0, v1, w0, w1))


def _last_line(data: Buffer, size: int, state: tuple[int, ...]) -> int:
    x, y, z, v0, v1, w0, w1 = state
    mul = _K1 + ((z & 0xFF) << 1)
    a, b, c, d, e, f, g, h = _LINE.unpack_from(data, size - 64)
    w0 = w0 + (size - 1 & 63) & _M
    v0 = v0 + w0 & _M
    w0 = w0 + v0 & _M
    x = _rotate(x + y + v0 + b & _M, 37) * mul & _M
    y = _rotate(y + v1 + g & _M, 42) * mul & _M
    x ^= w1 * 9 & _M
    y = y + v0 * 9 + f & _M
    z = _rotate(z + w0 & _M, 33) * mul & _M
    v0, v1 = _weak(a, b, c, d, v1 * mul, x + w0)
    w0, w1 = _weak(e, f, g, h, z + w1, y + c)
    z, x = x, z
    return _mix(_mix(v0, w0, mul) + _shift_mix(y) * _K0 + z & _M, _mix(v1, w1, mul) + x & _M, mul)


def _weak(w: int, x: int, y: int, z: int, a: int, b: int) -> tuple[int, int]:
    """WeakHashLen32WithSeeds."""
    a += w
    c = a + x + y
    return c + z & _M, _rotate(b + a + z & _M, 21) + _rotate(c & _M, 44) + a & _M
