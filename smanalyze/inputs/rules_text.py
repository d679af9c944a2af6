"""Ops that read strings: what has to stand in them (tensorflow/core/ops/{parsing,image,audio,string,decode}_ops.cc)."""

from __future__ import annotations

from typing import Any

from smanalyze.facts.parse_spec import parsed_features
from smanalyze.inputs.rules_shape import ints
from smanalyze.inputs.sequence_spec import sequence_parts
from smanalyze.inputs.sizes import Size
from smanalyze.inputs.tensors import Code, Outputs, Part, Source, Tensor
from smanalyze.inputs.walk import Rule, Site
from smanalyze.model.dtypes import item_size


def _code(site: Site, tensor: Tensor, kind: str, parts: tuple[Part, ...] = (), **options: Any) -> tuple[Part, ...]:
    """Notes the format of the strings, and gives its parts. Who reads the same format again is given the parts that are
    known, so that what he asks of them is asked of the same values; the options are those of the first."""
    code = _known(tensor, kind)
    known = {_place(part): part for part in code.parts} if code is not None else {}
    found = tuple(_merged(known[_place(part)], part, kind) if _place(part) in known else part for part in parts)
    for source, _ in tensor.sources:
        first = source.codes.get(kind) or Code(kind, site.why, (), tuple(sorted(options.items())))
        held = {_place(part): part for part in first.parts}
        for part in found:
            if held.setdefault(_place(part), part).source is part.source:
                held[_place(part)] = part
        source.codes[kind] = first._replace(parts=tuple(held.values()))
    return found


def _known(tensor: Tensor, kind: str) -> Code | None:
    """What is noted of a format of the strings."""
    return next((source.codes[kind] for source, _ in tensor.sources if kind in source.codes), None)


def _place(part: Part) -> tuple[str, bool]:
    """What tells a part from others: a feature and a feature list may have one name."""
    return part.name, part.kind.startswith("list")


def _merged(known: Part, part: Part, kind: str) -> Part:
    """The part that two readers find; of one who takes it for another dtype nothing can be noted."""
    own, other = known.source, part.source
    if own.dtype != other.dtype:
        if kind not in ("number", "csv"):
            return part
        if other.dtype.startswith(("int", "uint")):  # whose text is that of a float, too
            own.dtype = other.dtype
    if part.kind.endswith("dense") and not known.kind.endswith("dense"):
        own.dims = other.dims
        known = known._replace(kind=part.kind)
    return known._replace(optional=known.optional and part.optional)


def _held(site: Site, tensor: Tensor, kind: str, own: Source, **options: Any) -> Source:
    """The one value that strings of the format hold."""
    return _code(site, tensor, kind, (Part("", own),), **options)[0].source


def _lead(tensor: Tensor) -> tuple[Size, ...]:
    return tensor.dims or (None,)


# tf.Example ---------------------------------------------------------------------------------------------------------


def _parse_example(site: Site, ins: list[Tensor]) -> Outputs | None:
    if not ins[0].sources:
        return None
    if site.op == "ParseExample":
        site.walk.want_rank(ins[0], 1)
    lead = () if site.op == "ParseSingleExample" else _lead(ins[0])
    found: dict[str, dict[int, Tensor]] = {"sparse": {}, "dense": {}, "ragged": {}}
    features = list(parsed_features(site.index, site.number))
    asked = [Source(one.name, one.dtype, one.shape if kind == "dense" else (None,)) for kind, _, one in features]
    parts = tuple(Part(one.name, source, kind, one.has_default)
                  for (kind, _, one), source in zip(features, asked, strict=True))  # fmt: skip
    for (kind, place, feature), part in zip(features, _code(site, ins[0], "example", parts), strict=True):
        dims = feature.shape
        outside = (None,) if kind != "dense" else None if dims is None else (*lead, *dims)
        found[kind][place] = Tensor(((part.source, 0),), outside)
    sparse = _in_places(found["sparse"])
    return {
        "sparse_indices": [Tensor(dims=(None, len(lead) + 1)) for _ in sparse], "sparse_values": sparse,
        "sparse_shapes": [Tensor(dims=(len(lead) + 1,)) for _ in sparse], "dense_values": _in_places(found["dense"]),
        "ragged_values": _in_places(found["ragged"]), "ragged_row_splits": [Tensor() for _ in found["ragged"]],
    }  # fmt: skip


def _in_places(found: dict[int, Tensor]) -> list[Tensor]:
    return [found.get(place, Tensor()) for place in range(max(found, default=-1) + 1)]


def _sequence_example(site: Site, ins: list[Tensor]) -> Outputs | None:
    """ParseSequenceExampleV2 and ParseSingleSequenceExample: the keys and types of context and feature lists."""
    asked = sequence_parts(site, ins)
    parts = _code(site, ins[0], "sequence_example", tuple(part for part, _, _ in asked))
    found: dict[str, list[Tensor]] = {}
    lead = () if site.op == "ParseSingleSequenceExample" else _lead(ins[0])
    for (own, port, listed), part in zip(asked, parts, strict=True):
        dims = own.source.dims
        whole = (None,) if own.kind != "dense" or dims is None else (*lead, *((None,) if listed else ()), *dims)
        found.setdefault(port, []).append(Tensor(((part.source, 0),), whole))
    return dict(found)


# Pictures and sound -------------------------------------------------------------------------------------------------

_IMAGES = {
    "DecodeJpeg": "jpeg", "DecodeAndCropJpeg": "jpeg", "DecodePng": "png", "DecodeBmp": "bmp", "DecodeGif": "gif",
    "DecodeImage": "png", "DecodeWebP": "webp", "ExtractJpegShape": "jpeg",
}  # fmt: skip
"""The format that is sent to each; DecodeJpeg, DecodePng and DecodeImage read the others', too."""

_JPEG_ALONE = frozenset({"DecodeAndCropJpeg", "ExtractJpegShape"})


def _image(site: Site, ins: list[Tensor]) -> Outputs:
    channels = site.node.attr_int("channels") or (4 if site.op == "DecodeWebP" else 3)
    known = _known(ins[0], "image")
    high, wide = (known.option(side) if known else site.demands.new(side) for side in ("height", "width"))
    _code(site, ins[0], "image", format=_IMAGES[site.op], channels=channels, height=high, width=wide)
    for source, _ in ins[0].sources if site.op in _JPEG_ALONE else ():
        code = source.codes["image"]
        source.codes["image"] = code._replace(options=tuple({**dict(code.options), "format": "jpeg"}.items()))
    if site.op == "ExtractJpegShape":
        return [Tensor(dims=(3,), numbers=(high, wide, channels))]
    if site.op == "DecodeAndCropJpeg":
        cut = site.walk.numbers(ins[1]) or (0, 0, None, None)
        for size, start, length in zip((high, wide), cut[:2], cut[2:], strict=False):
            if isinstance(start, int) and isinstance(length, int):
                site.demands.least(size, start + length, site.why)
        return [Tensor(dims=(*cut[2:], channels))]
    frames: tuple[Size, ...] = (None,) if site.op in ("DecodeGif", "DecodeWebP") else ()
    return [Tensor(dims=(*frames, high, wide, channels))]


def _wav(site: Site, ins: list[Tensor]) -> Outputs:
    channels, samples = site.node.attr_int("desired_channels") or -1, site.node.attr_int("desired_samples") or -1
    known = _known(ins[0], "wav")
    length: Size = samples if samples > 0 else known.option("samples") if known else site.demands.new("samples")
    site.demands.least(length, 1600, site.why)
    _code(site, ins[0], "wav", channels=max(channels, 1), samples=length)
    audio = Tensor(dims=(length, max(channels, 1)))
    return {"audio": [audio], "sample_rate": [Tensor(dims=())]}


# Texts that stand for something else --------------------------------------------------------------------------------


def _inner(name: str) -> Any:
    """A rule for a string that holds one other string."""

    def rule(site: Site, ins: list[Tensor]) -> Outputs:
        method = site.node.attr_string("compression_type") if name == "compressed" else ""
        own = _held(site, ins[0], name, Source(name, "string", ()), method=method)
        return [Tensor(((own, 0),), ins[0].dims)]

    return rule


def _number(site: Site, ins: list[Tensor]) -> Outputs:
    own = _held(site, ins[0], "number", Source("number", site.node.attr_type("out_type") or "float32", ()))
    return [Tensor(((own, 0),), ins[0].dims)]


def _raw(site: Site, ins: list[Tensor]) -> Outputs:
    """DecodeRaw, DecodePaddedRaw: as many bytes as the elements take; how many those are shows later."""
    dtype = site.node.attr_type("out_type") or "uint8"
    fixed = site.walk.numbers(ins[1]) if site.op == "DecodePaddedRaw" else None
    length: Size = site.demands.new("elements")
    if fixed and isinstance(fixed[0], int):
        length = fixed[0] // max(item_size(dtype), 1)
    little = site.node.attr_text("little_endian").lower() != "false"
    own = _held(site, ins[0], "raw", Source("elements", dtype, (length,)), little=little)
    return [Tensor(((own, 0),), (*ins[0].dims, *(own.dims or ())) if ins[0].dims is not None else None)]


def _csv(site: Site, ins: list[Tensor]) -> Outputs:
    dtypes = site.node.attr_types("OUT_TYPE")
    chosen = ints(site, "select_cols") or tuple(range(len(dtypes)))
    asked = tuple(Part(str(number), Source(f"column {number}", dtype, ()))
                  for number, dtype in zip(chosen, dtypes, strict=False))  # fmt: skip
    delimiter = site.node.attr_string("field_delim") or ","
    parts = _code(site, ins[0], "csv", asked, delimiter=delimiter)
    return {"output": [Tensor(((part.source, 0),), ins[0].dims) for part in parts]}


def _tensor(site: Site, ins: list[Tensor]) -> Outputs:
    """ParseTensor: a serialized TensorProto, whose shape nothing tells but what comes after."""
    made = site.walk.source(f"tensor {site.why}", site.node.attr_type("out_type") or "float32")
    own = _held(site, ins[0], "tensor", made)
    return [Tensor(((own, 0),), own.dims)]


def _json_example(site: Site, ins: list[Tensor]) -> Outputs:
    """DecodeJSONExample gives tf.Examples, which something parses."""
    own = _held(site, ins[0], "json_example", Source("example", "string", ()))
    return [Tensor(((own, 0),), ins[0].dims)]


def _tokens(site: Site, ins: list[Tensor]) -> Outputs:
    """Words of a text; where they are looked up the text is made of such."""
    separator = site.walk.values(ins[1]) if len(ins) > 1 else None
    text = separator.ravel()[0] if separator is not None and separator.size == 1 else b""
    separated = text if isinstance(text, bytes) else b""
    own = _held(site, ins[0], "words", Source("word", "string", ()), separator=separated)
    words = Tensor(((own, 0),), (None,))
    return {"indices": [Tensor(dims=(None, 2))], "values": [words], "shape": [Tensor(dims=(2,))]}


def _text(site: Site, ins: list[Tensor]) -> Outputs:
    """Any text will do."""
    _code(site, ins[0], "text")
    return [Tensor(dims=ins[0].dims)]


_TEXTS = (
    "StringToHashBucketFast", "StringToHashBucketStrong", "StringToHashBucket", "StringLength", "RegexFullMatch",
    "StaticRegexFullMatch", "UnicodeTranscode", "UnicodeDecode", "UnicodeDecodeWithOffsets", "UnicodeScript",
    "StringNGrams", "Substr", "StringJoin", "ReduceJoin", "WhitespaceTokenizeWithOffsets", "EncodeBase64",
)  # fmt: skip

RULES: dict[str, Rule] = {
    **dict.fromkeys(("ParseExample", "ParseExampleV2", "ParseSingleExample"), _parse_example),
    **dict.fromkeys(("ParseSequenceExample", "ParseSequenceExampleV2", "ParseSingleSequenceExample"),
                    _sequence_example),
    **dict.fromkeys(_IMAGES, _image), "DecodeWav": _wav, "DecodeBase64": _inner("base64"),
    "DecodeCompressed": _inner("compressed"), "StringToNumber": _number, "DecodeRaw": _raw, "DecodePaddedRaw": _raw,
    "DecodeCSV": _csv, "ParseTensor": _tensor, "DecodeJSONExample": _json_example,
    **dict.fromkeys(("StringSplit", "StringSplitV2"), _tokens), **dict.fromkeys(_TEXTS, _text),
}  # fmt: skip
