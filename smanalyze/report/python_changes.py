"""What differs in the Python and Keras surface, in detail: arguments, results, lists, the metadata of Keras.

As in ``report.changes``, ``old`` and ``new`` are the two sides, and None stands for a side that has no such thing.
"""

from __future__ import annotations

from smanalyze.model.record import record
from smanalyze.report.tensors import Argument


@record
class ArgumentPair:
    """One argument of a function as it is defined. The positions count from 0, None for one by keyword alone.

    ``stage`` is ``name`` or ``position``. ``given``: an old trace takes something other than its default there.
    ``default_traced``: the new side was traced for the new default. ``pushes``: the new argument stands before old
    ones, which callers may pass by position.
    """

    old: Argument | None
    new: Argument | None
    old_position: int | None
    new_position: int | None
    stage: str = "name"
    given: bool = False
    default_traced: bool = True
    pushes: bool = False


@record
class ReturnChange:
    """A difference in what a trace returns. ``kind`` is ``structure``, ``keys`` (a dict has more of them), ``spec``
    (dtype, rank, size or encoding), ``widened`` or ``narrowed``; ``place`` is the way into the result (``['y'][0]``).
    ``told``: a signature's outputs changed in the same way."""

    kind: str
    place: str
    old: str
    new: str
    told: bool = False


@record
class ObjectRow:
    """An object of one MetaGraph's object tree by its path: ``kind`` and ``identifier`` as the model says.

    ``version`` is the range of its class: the lowest that may load it, and those that may not. ``functions`` and
    ``below`` are the paths of the functions and objects that hang below it, where it is on one side only or moved.
    """

    path: str
    kind: str
    identifier: str
    registered_name: str
    version: str = ""
    functions: tuple[str, ...] = ()
    below: tuple[str, ...] = ()
    aside: str = ""


@record
class ObjectPair:
    """An object of the tree that is not a function or a variable. Of a tree that is on one side only it is the top."""

    old: ObjectRow | None
    new: ObjectRow | None
    stage: str = "path"
    confidence: float = 1.0


@record
class LayerFact:
    """A Keras layer as the metadata says: ``path`` goes through the names of the layers around it; ``config`` has the
    canonical text of each setting, without what a process or a release of Keras counts."""

    path: str
    name: str
    class_name: str
    registered_name: str
    config: tuple[tuple[str, str], ...]


@record
class LayerPair:
    """A Keras layer of the metadata. ``changed`` are (setting, old text, new text) of what differs; ``told``: an object
    of the tree, or a Lambda, stands for it."""

    old: LayerFact | None
    new: LayerFact | None
    stage: str = "name"
    confidence: float = 1.0
    changed: tuple[tuple[str, str, str], ...] = ()
    told: bool = False


@record
class ListPair:
    """A list of the loaded object that trainers use (``trainable_variables`` …): how many it has, None where there is
    no such list. ``lost`` names what the new model has, but no longer in this list; ``gained`` the reverse.
    ``variables`` says of each side whether it has any variable to list."""

    name: str
    old: int | None
    new: int | None
    lost: tuple[str, ...] = ()
    gained: tuple[str, ...] = ()
    variables: tuple[bool, bool] = (False, False)


@record
class DescriptionPair:
    """One thing that the canonical hash of the objects is made of, and that differs: ``what`` of the object at
    ``path`` ("" is the loaded one). ``kind`` is that of its line (facts.canonical.ObjectPart); the sides are "" where
    one has none, and where there is no short text."""

    kind: str
    path: str
    what: str
    old: str
    new: str


@record
class LambdaPair:
    """A Lambda in the metadata of Keras, by the name of its layer. The sides are digests of what stands for its
    function, None where there is none; ``code``: that is marshalled Python code, and not only a name."""

    name: str
    old: str | None
    new: str | None
    code: bool


@record
class KerasPair:
    """What the metadata of Keras says, old side first. ``sources``: ``keras_metadata``, ``object_metadata``, or ""
    where there is none; None where it is not known. ``custom``: names that a reader must bring along. ``endpoints``:
    what ``TFSMLayer`` finds, functions of the root and signatures."""

    sources: tuple[str | None, str | None] = ("", "")
    lambdas: tuple[LambdaPair, ...] = ()
    custom: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    endpoints: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())

    @property
    def on_both_sides(self) -> bool:
        """Whether both sides have such metadata."""
        return all(self.sources)
