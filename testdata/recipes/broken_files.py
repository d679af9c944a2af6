# /// script
# requires-python = ">=3.11"
# dependencies = []
# ///
"""Files that are missing, cut, mangled or something else than their name says. Needs no TensorFlow."""

from pathlib import Path

from _common import TESTDATA, copy_model, fresh

MODELS = (
    "appledouble_litter",
    "empty_folder",
    "empty_pb",
    "fingerprint_garbage",
    "fingerprint_stale",
    "keras_metadata_bad_json",
    "keras_metadata_garbage",
    "lfs_pointer_pb",
    "lfs_pointer_variables",
    "missing_asset",
    "no_meta_graphs",
    "no_variables_folder",
    "pb_deep_nesting",
    "pb_unknown_fields",
    "pbtxt_is_binary",
    "pbtxt_is_graphdef",
    "pbtxt_is_label_map",
    "truncated_pb",
    "utf8_mangled_pb",
)

GOOD = "module_one_signature"
KERAS = "keras2_sequential_save_traces_false"

GRAPHDEF = """\
node {
  name: "x"
  op: "Placeholder"
  attr {
    key: "dtype"
    value {
      type: DT_FLOAT
    }
  }
}
versions {
  producer: 27
}
"""

LABEL_MAP = """\
item {
  id: 1
  name: 'cat'
}
item {
  id: 2
  name: 'dog'
}
"""


def damaged(name: str, good: str = GOOD) -> Path:
    """A copy of a good model, to be damaged."""
    return Path(copy_model(good, name))


def only(name: str, file: str, content: bytes) -> None:
    """A folder with one file."""
    path = Path(fresh(name))
    path.mkdir()
    (path / file).write_bytes(content)


def lfs_pointer(size: int) -> bytes:
    """What stands in place of a big file when Git LFS has not fetched it."""
    oid = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393"
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n".encode()


def pointers() -> None:
    for name, files in (
        ("lfs_pointer_pb", ["saved_model.pb"]),
        ("lfs_pointer_variables", ["variables/variables.index", "variables/variables.data-00000-of-00001"]),
    ):
        path = damaged(name)
        for file in files:
            (path / file).write_bytes(lfs_pointer((path / file).stat().st_size))


def saved_model_pb() -> None:
    good = (TESTDATA / "models" / GOOD / "saved_model.pb").read_bytes()
    for name, content in (
        ("empty_pb", b""),
        ("no_meta_graphs", b"\x08\x01"),
        ("truncated_pb", good[: len(good) // 2]),
        ("utf8_mangled_pb", good.decode("utf-8", "replace").encode()),
        ("pb_deep_nesting", deeply_nested(good)),
        ("pb_unknown_fields", good + field(1000, b"from the future")),
    ):
        path = damaged(name)
        (path / "saved_model.pb").write_bytes(content)
        if name in ("pb_deep_nesting", "pb_unknown_fields"):
            (path / "fingerprint.pb").unlink()


def varint(number: int) -> bytes:
    digits = []
    while number > 127:
        digits.append(number & 127 | 128)
        number >>= 7
    return bytes([*digits, number])


def field(number: int, content: bytes) -> bytes:
    """One length-delimited protobuf field."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def deeply_nested(good: bytes) -> bytes:
    """A second MetaGraphDef, whose object graph has a function spec of 200 lists within each other."""
    value = field(51, b"")  # StructuredValue.list_value
    for _ in range(200):
        value = field(51, field(1, value))  # ListValue.values
    function_spec = field(1, value)  # FunctionSpec.fullargspec
    node = field(6, field(2, function_spec))  # SavedObject.function, SavedFunction.function_spec
    return good + field(2, field(7, field(1, node)))  # SavedModel.meta_graphs, MetaGraphDef.object_graph_def


def pbtxt() -> None:
    good = (TESTDATA / "models" / GOOD / "saved_model.pb").read_bytes()
    only("pbtxt_is_binary", "saved_model.pbtxt", good)
    only("pbtxt_is_graphdef", "saved_model.pbtxt", GRAPHDEF.encode())
    only("pbtxt_is_label_map", "saved_model.pbtxt", LABEL_MAP.encode())


def folders() -> None:
    only("empty_folder", ".gitkeep", b"")

    path = damaged("no_variables_folder")
    for file in (path / "variables").iterdir():
        file.unlink()
    (path / "variables").rmdir()

    path = damaged("missing_asset", "tables_and_assets")
    (path / "assets" / "vocab.txt").unlink()

    path = damaged("appledouble_litter")
    apple_double = bytes.fromhex("00051607 00020000") + b"Mac OS X        " + bytes(2)
    for file in ("._saved_model.pb", "._variables", "variables/._variables.index"):
        (path / file).write_bytes(apple_double)
    (path / ".DS_Store").write_bytes(bytes.fromhex("00000001") + b"Bud1" + bytes(24))


def side_files() -> None:
    (damaged("fingerprint_garbage") / "fingerprint.pb").write_bytes(b"\xff" * 40)

    other = TESTDATA / "models" / "module_no_signature" / "fingerprint.pb"
    (damaged("fingerprint_stale") / "fingerprint.pb").write_bytes(other.read_bytes())

    file = damaged("keras_metadata_garbage", KERAS) / "keras_metadata.pb"
    file.write_bytes(file.read_bytes()[:500])

    file = damaged("keras_metadata_bad_json", KERAS) / "keras_metadata.pb"
    file.write_bytes(file.read_bytes().replace(b'"class_name"', b"'class_name'", 1))


def main() -> None:
    pointers()
    saved_model_pb()
    pbtxt()
    folders()
    side_files()


if __name__ == "__main__":
    main()
