"""What would be fed to the signatures of a model, as text."""

from __future__ import annotations

import textwrap

from smanalyze.render.visible import visible
from smanalyze.report.inputs import FedSignature, FedTensor, InputsReport

_SOURCES = {
    "file": "from the given file", "warmup": "from the model's warm-up requests",
    "mlflow": "from MLflow's input example",
    "defaults": "the signature's defaults", "synthesized": "made from what consumes them",
}  # fmt: skip


def render_inputs_text(report: InputsReport, *, width: int) -> str:
    """A block for each signature, a paragraph for each tensor."""
    blocks = [f"{visible(report.path_name)}  (seed {report.seed})"]
    blocks += ["\n".join(_signature(one, width)) for one in report.signatures]
    if not report.signatures:
        blocks.append("There is no signature to feed.")
    return "\n\n".join(blocks) + "\n"


def _signature(one: FedSignature, width: int) -> list[str]:
    batch = "" if one.batch is None else f", batch {one.batch}"
    lines = [f"{visible(one.key)}  [{visible(','.join(one.tags))}]"]
    if one.reason:
        return [*lines, *_wrapped(visible(one.reason), width, "  ")]
    lines.append(f"  {_SOURCES[one.source]}: {visible(one.trial)}{batch}")
    if not one.tensors:
        lines.append("  no inputs")
    for tensor in one.tensors:
        lines += _tensor(tensor, width)
    return lines


def _tensor(tensor: FedTensor, width: int) -> list[str]:
    sizes = ", ".join(map(str, tensor.shape))
    lines = [f"  {visible(tensor.name)}  {tensor.dtype} [{sizes}]"]
    lines += _wrapped(visible(tensor.values), width, "    ")
    return lines + _wrapped(visible(tensor.why), width, "    ")


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent=indent + "  ", break_long_words=False,
                         break_on_hyphens=False)  # fmt: skip
