"""Datasets of an HDF5 file, and nothing that leads out of it. Runs in ``keras_worker``'s process.

Not followed: external and symbolic links, external storage, virtual datasets, filters that a plugin would bring.
Source: the HDF5 user guide (groups, datasets); for what Keras writes keras/src/saving/saving_lib.py (H5IOStore) and
keras/src/legacy/saving.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import IO, Any

from smanalyze.format.keras_limits import (
    MAX_CHUNK_BYTES,
    MAX_DEPTH,
    MAX_RATIO,
    MAX_TENSORS,
    MAX_TEXT_BYTES,
    PIECE_BYTES,
    SMALL_BYTES,
    Refused,
    short,
)

FILTERS = {1: "deflate", 2: "shuffle", 3: "fletcher32", 5: "nbit", 6: "scaleoffset", 32000: "lzf"}
"""Filters within HDF5 and h5py themselves; any other would be loaded as a plugin."""

DTYPES = {
    "f2": "float16", "f4": "float32", "f8": "float64", "i1": "int8", "i2": "int16", "i4": "int32", "i8": "int64",
    "u1": "uint8", "u2": "uint16", "u4": "uint32", "u8": "uint64", "b1": "bool", "c8": "complex64", "c16": "complex128",
}  # fmt: skip

TEXTS = ("keras_version", "backend", "model_config", "training_config")
"""Attributes of the root."""

_BROKEN = (OSError, ValueError, RuntimeError, KeyError, TypeError, MemoryError, AttributeError)
"""What h5py raises for damaged files."""


class Hdf5:
    """One open HDF5 file. ``tensors`` are what can be read, with the dataset of the same number in ``datasets``, once
    ``walk`` has looked for them."""

    def __init__(self, file: IO[bytes], problem: Callable[[str, str], None]) -> None:
        import h5py

        self.problem = problem
        self.tensors: list[dict[str, Any]] = []
        self.datasets: list[Any] = []
        try:
            self.root = h5py.File(file, "r", rdcc_nbytes=16 << 20)
        except _BROKEN as error:
            raise Refused("corrupt", f"The HDF5 file cannot be opened: {short(error)}.") from error

    def texts(self) -> dict[str, str]:
        """The attributes that describe the model, those that are there."""
        found = {}
        for name in TEXTS:
            try:
                value = _attribute(self.root, name)
            except _BROKEN as error:
                self.problem("corrupt", f"The attribute {name} cannot be read: {short(error)}.")
                continue
            if len(value) > MAX_TEXT_BYTES:
                self.problem("limit", f"The attribute {name} is larger than {MAX_TEXT_BYTES} bytes.")
            elif value:
                found[name] = value
            elif name in self.root.attrs:
                self.problem("wrong-kind", f"The attribute {name} holds no text.")
        return found

    def walk(self) -> None:
        """Every dataset that plain links lead to from the root. A group is entered once, whatever leads to it."""
        import h5py

        seen = {h5py.h5o.get_info(self.root.id).addr}
        stack: list[tuple[Any, str, int]] = [(self.root, "", 0)]
        while stack:
            group, prefix, depth = stack.pop()
            below: list[tuple[Any, str, int]] = []
            for path, child, layer in self._children(group, prefix):
                if isinstance(child, h5py.Group):
                    address = h5py.h5o.get_info(child.id).addr
                    if address not in seen and depth < MAX_DEPTH:
                        below.append((child, f"{path}/", depth + 1))
                    seen.add(address)
                elif isinstance(child, h5py.Dataset):
                    self._guarded(path, self._dataset, child, path, layer)
                if len(self.tensors) >= MAX_TENSORS:
                    self.problem("limit", f"More than {MAX_TENSORS} tensors are stored; the rest was left out.")
                    return
            stack += reversed(below)

    def _children(self, group: Any, prefix: str) -> Iterator[tuple[str, Any, str]]:
        """(path, object, layer's name) of what a group holds."""
        names = self._guarded(prefix or "/", _names, group) or []
        stated = prefix.endswith("vars/")
        layer = self._guarded(prefix, _attribute, group, "name") if stated else ""
        for name in names:
            path = prefix + name
            child = self._guarded(path, _child, group, name, path)
            if child is not None:
                yield path, child, layer or ""

    def _guarded(self, path: str, action: Callable[..., Any], *arguments: Any) -> Any:
        """What the action gives; None, and a problem told, where it fails."""
        try:
            return action(*arguments)
        except Refused as refused:
            self.problem(*refused.args)
        except _BROKEN as error:
            self.problem("corrupt", f"{path} cannot be read: {short(error)}.")
        return None

    def _dataset(self, dataset: Any, path: str, layer: str) -> None:
        dtype = _dtype(dataset)
        if dtype is None or dataset.shape is None:
            raise Refused("wrong-kind", f"{path} holds no numbers.")
        shape = tuple(int(size) for size in dataset.shape)
        size = math.prod(shape) * int(dataset.dtype.itemsize)
        _check_storage(dataset, path, shape, size)
        self.tensors.append({"name": path, "dtype": dtype, "shape": shape, "size": size, "layer": layer})
        self.datasets.append(dataset)

    def pieces(self, number: int) -> Iterator[bytes]:
        """The values of a tensor, row-major and little-endian, some megabytes at a time."""
        dataset = self.datasets[number]
        order = dataset.dtype.newbyteorder("<")
        for place in selections(dataset.shape, dataset.dtype.itemsize, dataset.chunks):
            yield dataset[place].astype(order, copy=False).tobytes()


def selections(shape: tuple[int, ...], width: int, chunks: tuple[int, ...] | None) -> Iterator[tuple[Any, ...]]:
    """Places that together are the whole array in row-major order, each at most PIECE_BYTES or, where stored in larger
    chunks, one row of chunks."""
    if not math.prod(shape):
        return
    if not shape:
        yield ()
        return
    row = math.prod(shape[1:]) * width
    step = PIECE_BYTES // row
    if step == 0 and (chunks is None or chunks[0] == 1):
        for index in range(shape[0]):
            for rest in selections(shape[1:], width, chunks[1:] if chunks else None):
                yield (index, *rest)
        return
    if chunks:  # or each chunk would be unpacked again and again
        step = max(step // chunks[0], 1) * chunks[0]
    for start in range(0, shape[0], step):
        yield (slice(start, start + step),)


def _names(group: Any) -> list[str]:
    """The names in a group; "2" before "10"."""

    def order(name: str) -> tuple[int, int, str]:
        number = name.isascii() and name.isdecimal() and len(name) < 18
        return (0, int(name), name) if number else (1, 0, name)

    return sorted(group, key=order)


def _attribute(owner: Any, name: str) -> str:
    """An attribute's text, "" where it is none."""
    value = owner.attrs.get(name)
    value = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    return value if isinstance(value, str) else ""


def _child(group: Any, name: str, path: str) -> Any:
    import h5py

    link = group.get(name, getlink=True)
    if isinstance(link, h5py.ExternalLink):
        raise Refused("refused", f"{path} is a link to another file, which is not followed.")
    if not isinstance(link, h5py.HardLink):
        raise Refused("refused", f"{path} is a symbolic link, which is not followed.")
    return group[name]


def _dtype(dataset: Any) -> str | None:
    """TensorFlow's name of the type; bfloat16 and float8 are opaque bytes to HDF5, and an attribute names them."""
    kind = dataset.dtype
    if kind.kind == "V" and kind.names is None and kind.subdtype is None and kind.itemsize in (1, 2):
        stated = _attribute(dataset, "dtype")
        known = stated in ("bfloat16", "float8_e4m3fn", "float8_e5m2")
        return stated if known and kind.itemsize == (2 if stated == "bfloat16" else 1) else None
    return DTYPES.get(f"{kind.kind}{kind.itemsize}")


def _check_storage(dataset: Any, path: str, shape: tuple[int, ...], size: int) -> None:
    """Refuses what lies in other files, what needs a plugin, and shapes that nothing is stored for."""
    plist = dataset.id.get_create_plist()
    if plist.get_external_count():
        raise Refused("refused", f"{path} keeps its values in another file, which is not opened.")
    if dataset.is_virtual:
        raise Refused("refused", f"{path} is a virtual dataset made of others, which is not read.")
    for number in range(plist.get_nfilters()):
        code = plist.get_filter(number)[0]
        if code not in FILTERS:
            raise Refused("refused", f"{path} is stored through filter {code}, which would need a plugin.")
    stored = dataset.id.get_storage_size()
    if size > SMALL_BYTES and size > MAX_RATIO * stored:
        raise Refused("limit", f"{path} declares the shape {shape}, {size} bytes; {stored} are stored.")
    if dataset.chunks and math.prod(dataset.chunks) * dataset.dtype.itemsize > MAX_CHUNK_BYTES:
        raise Refused("limit", f"{path} is stored in chunks of more than 1 GiB.")
