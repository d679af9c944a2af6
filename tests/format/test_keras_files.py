"""Keras archives and HDF5 files: what is read of good ones, and that nothing of a hostile one gets further."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smanalyze.errors import FormatError, UsageError
from smanalyze.facts.weights_file import audit_weights_file
from smanalyze.format import keras_child
from smanalyze.format.hdf5 import selections
from smanalyze.format.keras_child import KerasChild
from smanalyze.format.keras_config import parse_config, parse_yaml_config
from smanalyze.load import load_weights_source
from smanalyze.model.weights import WeightsFile
from tests.conftest import TESTDATA

WEIGHTS = TESTDATA / "weights"
LEGACY = WEIGHTS / "legacy_h5" / "image.h5"
ARCHIVE = WEIGHTS / "keras_archive_trained" / "trained.keras"


def opened(path: Path) -> WeightsFile:
    found = load_weights_source(path)
    assert found is not None
    return found


def values(weights: WeightsFile) -> dict[str, Any]:
    reader = weights.checkpoint.reader
    assert reader is not None
    return {tensor.entry.key: reader.read(tensor.entry) for tensor in weights.tensors}


def codes(weights: WeightsFile) -> list[str]:
    return [lost.code for lost in weights.unreadable]


# Good files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [LEGACY, WEIGHTS / "keras3_h5" / "image.weights.h5"], ids=["legacy", "keras3"])
def test_values_are_those_of_h5py(path: Path) -> None:
    expected: dict[str, Any] = {}
    with h5py.File(path) as file:
        file.visititems(lambda n, o: expected.update({n: o[()]}) if isinstance(o, h5py.Dataset) else None)
    found = values(opened(path))
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name].dtype == value.dtype
        np.testing.assert_array_equal(found[name], value)


def test_archive() -> None:
    weights = opened(ARCHIVE)
    assert weights.config is not None and weights.unreadable == ()
    assert weights.config.layers == (("InputLayer", "features"), ("Dense", "hidden"), ("Dense", "score"))
    assert weights.config.keras_version == "3.15.1"
    assert [(t.layer, t.position, t.role) for t in weights.tensors[:3]] == [
        ("hidden", 0, "weight"), ("hidden", 1, "weight"), ("score", 0, "weight"),
    ]  # fmt: skip
    assert [t.entry.key for t in weights.tensors][-1] == "optimizer/vars/9"


def test_a_compressed_archive_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.keras"
    with zipfile.ZipFile(ARCHIVE) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    expected = values(opened(ARCHIVE))
    for name, value in values(opened(path)).items():
        np.testing.assert_array_equal(value, expected[name])


def test_every_dtype_and_layout(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    big = np.arange(3 * 5 * 200_000, dtype=np.float32).reshape(3, 5, 200_000)
    made = {
        "big": big, "scalar": np.float64(2.5), "empty": np.zeros((0, 3), np.int32), "half": np.float16([1, 2]),
        "flags": np.array([True, False]), "complex": np.complex64([1 + 2j]), "tail": np.arange(7, dtype=np.uint64),
    }  # fmt: skip
    with h5py.File(path, "w") as file:
        for name, value in made.items():
            file[name] = value
        file.create_dataset("other_end", data=np.arange(9, dtype=">i4"))
        file.create_dataset("packed", data=big, chunks=(1, 2, 65_536), compression="gzip", shuffle=True)
        stored = file.create_dataset("brain", data=np.frombuffer(b"\x80\x3f\x00\x40", "V2"))
        stored.attrs["dtype"] = "bfloat16"
        file["names"] = ["text"]
    weights = opened(path)
    found = values(weights)
    for name, value in {**made, "other_end": np.arange(9), "packed": big}.items():
        np.testing.assert_array_equal(found[name], value)
    assert str(found["brain"].dtype) == "bfloat16" and found["brain"].astype(np.float32).tolist() == [1.0, 2.0]
    assert [lost.message for lost in weights.unreadable] == ["names holds no numbers."]


@given(
    shape=st.lists(st.integers(0, 5), max_size=4).map(tuple),
    width=st.sampled_from([1, 2, 8, 1 << 20, 1 << 22]),
    data=st.data(),
)
def test_selections_are_the_whole_in_order(shape: tuple[int, ...], width: int, data: st.DataObject) -> None:
    chunks = data.draw(st.none() | st.tuples(*(st.integers(1, max(size, 1)) for size in shape)))
    array = np.arange(int(np.prod(shape))).reshape(shape)
    pieces = [array[place].ravel() for place in selections(shape, width, chunks)]
    joined = np.concatenate(pieces) if pieces else np.zeros(0)
    assert joined.tolist() == array.ravel().tolist()


def test_an_unfinished_read_does_not_disturb_the_next() -> None:
    weights = opened(LEGACY)
    reader = weights.checkpoint.reader
    assert reader is not None
    next(reader.chunks(weights.tensors[0].entry, 4))
    assert reader.read(weights.tensors[1].entry).shape == weights.tensors[1].entry.shape


# Architectures --------------------------------------------------------------------------------------------------------


def test_architectures() -> None:
    config = opened(WEIGHTS / "architecture" / "image.json").config
    assert config is not None and config.class_name == "Functional" and len(config.layers) == 6
    yaml = opened(WEIGHTS / "architecture" / "image.yaml")
    assert yaml.kind == "keras-yaml" and yaml.config is not None
    assert (yaml.config.class_name, yaml.config.name, yaml.config.keras_version) == (
        "Functional", "image_model", "2.4.0",
    )  # fmt: skip
    assert yaml.config.layers == (("InputLayer", "image"), ("Dense", "classes"))


def test_keras_1_sequential_lists_its_layers() -> None:
    config = parse_config('{"class_name": "Sequential", "config": [{"class_name": "Dense", "config": {"name": "d"}}]}')
    assert config.layers == (("Dense", "d"),)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"class_name": ', "3", '{"config": {}}'])
def test_no_architecture(text: str) -> None:
    with pytest.raises(FormatError):
        parse_config(text)


def test_yaml_builds_nothing() -> None:
    text = "class_name: !!python/object/apply:os.system ['true']\nconfig:\n  name: &a [*a]\n"
    config = parse_yaml_config(text)
    assert config is not None and config.class_name.startswith("!!python")
    assert parse_yaml_config("class_name: A\n") is None


# Hostile and damaged files --------------------------------------------------------------------------------------------


def test_links_and_storage_outside_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.bin").write_bytes(b"\0" * 8)
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["x"] = np.zeros(2, np.float32)
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["good"] = np.ones(2, np.float32)
        file["link"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "x")
        file["soft"] = h5py.SoftLink("/good")
        file.create_dataset("outside", (2,), "f4", external=[(str(tmp_path / "secret.bin"), 0, 8)])
        layout = h5py.VirtualLayout((2,), "f4")
        layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "x", (2,))
        file.create_virtual_dataset("virtual", layout)
        file["loop"] = file["/"]
    weights = opened(path)
    assert [tensor.entry.key for tensor in weights.tensors] == ["good"]
    assert codes(weights) == ["refused"] * 4
    told = " ".join(lost.message for lost in weights.unreadable)
    assert all(
        word in told for word in ("link to another file", "symbolic", "another file, which is not opened", "virtual")
    )


def test_filters_that_need_a_plugin_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        create = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        create.set_chunk((2,))
        create.set_filter(32015, h5py.h5z.FLAG_OPTIONAL)
        space = h5py.h5s.create_simple((2,))
        h5py.h5d.create(file.id, b"x", h5py.h5t.IEEE_F32LE, space, create)
    weights = opened(path)
    assert weights.tensors == () and codes(weights) == ["refused"]


def test_huge_shapes_are_not_allocated(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("chunked", (1 << 40,), "f4", chunks=(1 << 16,))
        file.create_dataset("overflow", (1 << 31, 1 << 31), "f8", chunks=(1, 1 << 16))
        file["good"] = np.ones(2, np.float32)
    weights = opened(path)
    assert [tensor.entry.key for tensor in weights.tensors] == ["good"]
    assert codes(weights) == ["limit"] * 2


def zip_of(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_zip_bombs(tmp_path: Path) -> None:
    config = b'{"class_name": "Sequential", "config": {"layers": []}}'
    weights = opened(zip_of(tmp_path / "a.keras", {"config.json": config, "model.weights.h5": bytes(200 << 20)}))
    assert weights.config is not None and weights.tensors == () and codes(weights) == ["limit"]
    weights = opened(zip_of(tmp_path / "b.keras", {"config.json": b"[" * (70 << 20)}))
    assert weights.config is None and codes(weights) == ["limit", "missing"]


def test_a_zip_that_lies_about_its_sizes(tmp_path: Path) -> None:
    """The directory promises 100 bytes of 100 MB; no more than promised is written."""
    path = zip_of(tmp_path / "a.keras", {"model.weights.h5": bytes(100 << 20)})
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\x01\x02") + 24
    content[at : at + 4] = (100).to_bytes(4, "little")
    path.write_bytes(content)
    assert codes(opened(path)) == ["corrupt"]


def test_deep_and_encrypted_and_nested_names(tmp_path: Path) -> None:
    weights = opened(zip_of(tmp_path / "a.keras", {"../model.weights.h5": b"x", "config.json": b"{" * 50_000}))
    assert codes(weights) == ["missing", "corrupt"]
    path = tmp_path / "deep.h5"
    with h5py.File(path, "w") as file:
        file["/".join("g" * 200) + "/x"] = np.zeros(2)
        file["top"] = np.zeros(2)
    assert [tensor.entry.key for tensor in opened(path).tensors] == ["top"]


@pytest.mark.parametrize("source", [LEGACY, ARCHIVE], ids=["h5", "keras"])
@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.7, 0.99])
def test_truncated_files(source: Path, share: float, tmp_path: Path) -> None:
    content = source.read_bytes()
    path = tmp_path / source.name
    path.write_bytes(content[: int(len(content) * share)])
    weights = opened(path)
    assert weights.unreadable and weights.checkpoint.presence == "not-read"
    assert codes(weights) == ["empty-file" if share == 0 else "corrupt"]


@pytest.mark.parametrize("name", ["a.h5", "a.keras"])
def test_other_content(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n")
    weights = opened(tmp_path / name)
    assert codes(weights) == ["lfs-pointer"] and weights.checkpoint.presence == "not-fetched"
    (tmp_path / name).write_bytes(b"PK\x03\x04" + bytes(100))
    assert codes(opened(tmp_path / name)) == ["corrupt"]


@settings(max_examples=15)
@given(places=st.lists(st.tuples(st.integers(0, len(LEGACY.read_bytes()) - 1), st.integers(0, 255)), max_size=20))
def test_changed_bytes_never_raise(places: list[tuple[int, int]], tmp_path_factory: pytest.TempPathFactory) -> None:
    content = bytearray(LEGACY.read_bytes())
    for place, value in places:
        content[place] = value
    path = tmp_path_factory.mktemp("fuzz") / "a.h5"
    path.write_bytes(content)
    weights = opened(path)
    for tensor in weights.tensors:
        assert weights.checkpoint.reader is not None
        try:
            weights.checkpoint.reader.read(tensor.entry)
        except FormatError:
            continue


# The process ----------------------------------------------------------------------------------------------------------


def test_a_slow_answer_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras_child, "_CODE", "import time; time.sleep(60)")
    with pytest.raises(FormatError, match="took longer"):
        KerasChild(str(LEGACY), "h5", seconds=0.3).open()


def test_a_process_that_dies_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras_child, "_CODE", "import os; os.abort()")
    weights = opened(LEGACY)
    assert codes(weights) == ["corrupt"] and "came to an end" in weights.unreadable[0].message


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not limit the address space")
def test_memory_is_limited(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("x", data=np.zeros(75_000_000, np.float32), chunks=(75_000_000,), compression=1)
    child = KerasChild(str(path), "h5", memory=700 << 20)
    with pytest.raises(FormatError):
        child.open()
        list(child.pieces(0))


def test_without_h5py_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras_child.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="smanalyze\\[keras\\]"):
        load_weights_source(LEGACY)


def test_the_parent_imports_no_h5py() -> None:
    code = (
        "import sys; from smanalyze.load import load_weights_source as load\n"
        f"print(len(load({str(LEGACY)!r}).tensors), 'h5py' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["8", "False"]


@pytest.mark.tensorflow
def test_keras_reads_the_same_of_our_fixtures() -> None:
    import keras

    model = keras.saving.load_model(ARCHIVE)
    found = values(opened(ARCHIVE))
    for layer, group in (("hidden", "dense"), ("score", "dense_1")):
        for number, weight in enumerate(model.get_layer(layer).get_weights()):
            np.testing.assert_array_equal(found[f"layers/{group}/vars/{number}"], weight)
    buffer = io.BytesIO((WEIGHTS / "architecture" / "image.json").read_bytes())
    assert keras.models.model_from_json(buffer.getvalue().decode()).name == "image_model"


def test_a_flipped_byte_in_an_archive_is_seen(tmp_path: Path) -> None:
    """The archive's CRC-32 is the only checksum that a .keras file has of its weights."""
    (good,) = (TESTDATA / "weights" / "keras_archive").glob("*.keras")
    assert codes(opened(good)) == []
    with zipfile.ZipFile(good) as archive:
        info = archive.getinfo("model.weights.h5")
    data = bytearray(good.read_bytes())
    data[info.header_offset + 30 + len(info.filename) + info.compress_size - 40] ^= 1
    (tmp_path / "flipped.keras").write_bytes(data)
    assert "corrupt" in codes(opened(tmp_path / "flipped.keras"))


def test_every_file_in_an_archive_is_checked(tmp_path: Path) -> None:
    """An asset is read by nobody here, and its CRC-32 compared all the same; one that is too large is left alone."""
    path = tmp_path / "a.keras"
    path.write_bytes(ARCHIVE.read_bytes())
    with zipfile.ZipFile(path, "a") as archive:
        archive.mkdir("assets")
        archive.writestr("assets/vocab.txt", b"one two three")
    assert codes(opened(path)) == []
    path.write_bytes(path.read_bytes().replace(b"one two three", b"one two threE"))
    (lost,) = opened(path).unreadable
    assert (lost.code, lost.message[:16]) == ("corrupt", "assets/vocab.txt")
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("assets/zeros", bytes(65 << 20))
    assert codes(opened(path)) == ["corrupt", "limit"]


def test_what_takes_too_much_is_not_called_corrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras_child, "_CODE", "import time; time.sleep(60)")
    monkeypatch.setattr("smanalyze.format.weights.KerasChild", partial(KerasChild, seconds=0.3))
    weights = opened(LEGACY)
    assert codes(weights) == ["limit"] and "longer than" in weights.unreadable[0].message
    report = audit_weights_file(weights)
    assert (report.verdict, [row.status for row in report.files]) == ("incomplete", ["not-read"])
