"""The small change of digests: of parts, of references, of what stands at the end of one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b

from smanalyze.graph.body import PLAIN_CALLS, BodyIndex, Call
from smanalyze.graph.savers import RESTORE

DIGEST_BYTES = 16
CYCLE = b"cycle".ljust(DIGEST_BYTES)
DANGLING = b"dangling".ljust(DIGEST_BYTES)


def digest_of(*parts: bytes) -> bytes:
    """The digest of some parts, in order."""
    return blake2b(b"\0".join(parts), digest_size=DIGEST_BYTES).digest()


@lru_cache(maxsize=4096)
def op_key(op: str) -> bytes:
    """An op as the beginning of what is hashed of a node."""
    return op.encode("utf-8", "surrogateescape") + b"\0"


@lru_cache(maxsize=4096)
def slot_key(slot: str) -> bytes:
    """Which output of a node a reference means; the first of its only list is not said."""
    return slot.removesuffix(":0").encode("utf-8", "surrogateescape") + b"\0"


def reference_digest(index: BodyIndex, nodes: list[bytes], reference: str, labels: Sequence[bytes] = ()) -> bytes:
    """What a tensor reference stands for: whose output, and which."""
    name, _, slot = reference.partition(":")
    number = index.at.get(name)
    if number is None:
        return DANGLING
    if number < 0:
        return labels[-1 - number]
    digest = nodes[number] or CYCLE
    return digest if slot in ("", "0") or index.ops[number] == RESTORE else digest + slot_key(slot)


def is_plain(call: Call) -> bool:
    """Whether the node does nothing but call: its inputs are the callee's arguments, one by one."""
    return call.op in PLAIN_CALLS or not call.attr
