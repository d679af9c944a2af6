"""What differs between two exports and means nothing."""

from __future__ import annotations

from smanalyze.model.record import record


@record
class Normalised:
    """How many differences of each kind mean nothing: names that an exporter counts, keys in the order of saving."""

    function_names: int = 0
    variable_names: int = 0
    checkpoint_keys: int = 0
    fingerprint_uuid: int = 0
    layer_names: int = 0


def noise_words(found: Normalised) -> tuple[str, ...]:
    """What was normalised, as people say it: ``5 generated function names``."""
    counts = (
        (found.function_names, "generated function name"), (found.variable_names, "automatic variable name"),
        (found.layer_names, "automatic layer name"), (found.checkpoint_keys, "checkpoint key"),
    )  # fmt: skip
    told = [f"{count:,} {word}{'s' * (count != 1)}" for count, word in counts if count]
    return (*told, *(["the fingerprint's uuid"] if found.fingerprint_uuid else []))
