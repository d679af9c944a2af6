"""A comparison of two models with all that one can say, as TensorFlow would have made it."""

from __future__ import annotations

from smanalyze.report.against import (
    AgainstReport,
    FirstDifference,
    OneSided,
    OutputAgainst,
    ProbeFed,
    SignatureAgainst,
    Swap,
    Tolerance,
    Worst,
)

_FED = ProbeFed("new", "synthesized", "plain", 0, (("x", (2, 3)),))
_NONE = (None,) * 9

_DIFFERENT = OutputAgainst(
    "y2", "y", "float32", "different", "", Tolerance(1e-4, 1e-5), 0.0, 0.0253, 0.00438, 0.0196, 0.162, 0.161, 2572415,
    0.999994, 1.0, Worst(1, (9, 0), "-3.3701718", "-3.3955033"),
)  # fmt: skip
_SAME = OutputAgainst("z", "z", "string", "bitwise", "", None, None, *_NONE)
_SHAPE = OutputAgainst("v", "v", "float32", "incomparable", "the shape was [2], and is [3]", None, None, *_NONE)

AGAINST = AgainstReport(
    old_path_name="old",
    level="different",
    gate="different",
    passed=False,
    summary="1 of 1 signatures differs beyond tolerance; what makes it: weights. 1 could not be compared.",
    static="weights-only",
    seed=0,
    signatures=(
        SignatureAgainst(
            ("serve",), "serving_default", "predict", "different", "", (_DIFFERENT, _SAME, _SHAPE), (_FED, _FED),
            ("weights",),
            (
                Swap(("assets",), "different", 0.02, False),
                Swap(("weights",), "bitwise", 0.0, True),
                Swap(("assets", "weights"), None, None, False, "it is full"),
            ),
            FirstDifference(("call",), "MatMul/ReadVariableOp", "MatMul/ReadVariableOp", "ReadVariableOp",
                            "MatMul/ReadVariableOp:0", "different", 0.0031657, ("add (AddV2), which is new",),
                            ("variable hidden",)),
            "", (OneSided("new", ProbeFed("old", "synthesized", "plain", 1, ()), "exception: no"),), 0.6, 0.5,
            ("The input x is called features in the new model",),
        ),
        SignatureAgainst(("serve",), "other", "other", None, "the old model: exception: no kernel"),
    ),
    only_old=("gone",),
    only_new=(),
    unused=("input:a=b",),
)  # fmt: skip
