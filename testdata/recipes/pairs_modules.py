# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-cpu==2.21.0"]
# ///
"""Pairs of tf.Modules that are the same: saved twice, and after other functions were traced."""

import functools

from _common import source_files
from _pairs import make_pairs, shift_ids
from _tf import save, tf
from control_flow import ControlFlow
from custom_gradient import CustomGradient
from modules import Linear
from tables_and_assets import Tables

MODELS = (
    "noise_module_ids",
    "noise_module_twice",
    "noise_tables",
    "noise_control_flow",
    "noise_custom_gradient",
)


class Flow(ControlFlow):
    """Of the control flow of that model a loop, a condition and a map."""

    switch = nested = None


def after_others(kind: type[tf.Module]):
    def build(new: bool) -> tf.Module:
        shift_ids(new)
        return kind()

    return build


once = functools.cache(Linear)

PAIRS = {
    "noise_module_ids": after_others(Linear),
    "noise_module_twice": lambda new: once(),
    "noise_tables": after_others(Tables),
    "noise_control_flow": after_others(Flow),
    "noise_custom_gradient": after_others(CustomGradient),
}


def store(module: tf.Module, name: str) -> None:
    match module:
        case Flow():
            signatures = {"cond": module.cond, "loop": module.loop, "mapped": module.mapped}
        case Tables():
            signatures = module.look_up
        case _:
            signatures = module.__call__
    save(module, name, signatures=signatures)


if __name__ == "__main__":
    with source_files({"vocab.txt": b"red\ngreen\nblue\n", "greeting.txt": b"Hello\n"}):
        make_pairs(PAIRS, store, together=["noise_module_twice", "noise_tables"])
