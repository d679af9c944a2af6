"""Compile smanalyze/format/schema/*.proto into descriptors.binpb.

Needs grpcio-tools (``pip install grpcio-tools``), which brings protoc. Run it after a change to a .proto file;
``--check`` only says whether the compiled file is up to date.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

SCHEMA = Path(__file__).resolve().parent.parent / "smanalyze" / "format" / "schema"


def compile_schema() -> bytes:
    """The FileDescriptorSet of all .proto files, with the well-known ones they import, without source info."""
    import grpc_tools
    from google.protobuf import descriptor_pb2
    from grpc_tools import protoc

    well_known = Path(grpc_tools.__file__).parent / "_proto"
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "set.binpb"
        files = sorted(path.name for path in SCHEMA.glob("*.proto"))
        code = protoc.main(
            ["protoc", f"-I{SCHEMA}", f"-I{well_known}", "--include_imports", f"--descriptor_set_out={out}", *files]
        )
        if code:
            raise SystemExit(code)
        compiled = descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes())
    for file in compiled.file:
        for message in file.message_type:
            _drop_json_names(message)
    return compiled.SerializeToString(deterministic=True)


def _drop_json_names(message: object) -> None:
    # protoc adds a json_name to every field; nothing reads them, and they are a third of the bytes.
    for field in message.field:  # type: ignore[attr-defined]
        field.ClearField("json_name")
    for nested in message.nested_type:  # type: ignore[attr-defined]
        _drop_json_names(nested)


def main() -> int:
    """Write the compiled schema, or with --check compare it; returns the exit code."""
    target = SCHEMA / "descriptors.binpb"
    compiled = compile_schema()
    if "--check" in sys.argv[1:]:
        same = target.exists() and target.read_bytes() == compiled
        print("up to date" if same else f"stale: run python {Path(__file__).name}")
        return 0 if same else 1
    target.write_bytes(compiled)
    print(f"{target.name}: {len(compiled)} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
