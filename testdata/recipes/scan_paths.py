# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-cpu==2.21.0"]
# ///
"""Where the name of a file comes from: put together, picked, stored, carried about, or given by the caller."""

from pathlib import Path

from _common import source_files
from _scan import PROOF
from _tf import save, seed, tf

MODELS = (
    "paths_joined",
    "paths_picked",
    "paths_stored",
    "paths_carried",
    "paths_from_caller",
    "asset_escapes_by_join",
    "asset_missing",
    "vocabulary_table",
    "image_by_name",
    "image_bytes",
    "prints_to_stderr",
)

NAME = tf.TensorSpec([], tf.string, name="name")
NUMBER = tf.TensorSpec([], tf.int32, name="number")


def write_to(path):
    with tf.control_dependencies([tf.io.write_file(path, "written")]):
        return {"done": tf.constant(True)}


def function(body, *specs):
    return tf.function(body, input_signature=list(specs), autograph=False)


def save_functions(name: str, module=None, **functions) -> str:
    """A model with a signature for each function."""
    module = module or tf.Module()
    for key, value in functions.items():
        setattr(module, key, value)
    return save(module, name, signatures=functions)


def joined() -> None:
    """A constant name in pieces."""
    save_functions(
        "paths_joined",
        string_join=function(lambda: write_to(tf.strings.join(["scan", "proof.txt"], separator="_"))),
        reduce_join=function(lambda: write_to(tf.strings.reduce_join(["scan_", "proof", ".txt"]))),
        string_format=function(lambda: write_to(tf.strings.format("scan_proof.{}", tf.constant(7)))),
        as_string=function(lambda: write_to("scan_proof." + tf.strings.as_string(tf.constant(7)))),
        decoded=function(lambda: write_to(tf.io.decode_base64(tf.constant("c2Nhbl9wcm9vZi50eHQ")))),
        replaced=function(lambda: write_to(tf.strings.regex_replace("scan-proof.txt", "-", "_"))),
        part=function(lambda: write_to(tf.strings.substr("/etc/scan_proof.txt", 5, 14))),
        lowered=function(lambda: write_to(tf.strings.lower("SCAN_PROOF.TXT"))),
        element=function(lambda: write_to(tf.constant(["other.txt", PROOF])[1])),
        reversed=function(lambda: write_to(tf.strings.reduce_join(tf.reverse(tf.strings.bytes_split("txt.foorp_nacs"), [0])))),
    )


def picked() -> None:
    """One name of two, by what the caller gives."""
    def by_cond(number):
        return write_to(tf.cond(number > 0, lambda: tf.constant(PROOF), lambda: tf.constant("scan_other.txt")))

    save_functions(
        "paths_picked",
        where=function(lambda number: write_to(tf.where(number > 0, PROOF, "scan_other.txt")), NUMBER),
        cond=function(by_cond, NUMBER),
        gather=function(lambda number: write_to(tf.gather([PROOF, "scan_other.txt"], number)), NUMBER),
    )


class Stored(tf.Module):
    def __init__(self):
        super().__init__()
        self.place = tf.Variable(PROOF, name="place", dtype=tf.string)
        self.names = tf.lookup.StaticHashTable(
            tf.lookup.TextFileInitializer(
                "names.txt", tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER, tf.string, tf.lookup.TextFileIndex.WHOLE_LINE),
            default_value="scan_default.txt", name="names")


def stored() -> None:
    """A name that is kept in a variable, and one in a vocabulary."""
    with source_files({"names.txt": f"{PROOF}\n".encode()}):
        module = Stored()
        save_functions(
            "paths_stored",
            module,
            variable=function(lambda: write_to(module.place.read_value())),
            table=function(lambda: write_to(module.names.lookup(tf.constant(0, tf.int64)))),
        )


def carried() -> None:
    """A constant that reaches the op through calls, a capture, a loop."""
    captured = tf.constant(PROOF)
    given = tf.TensorSpec([], tf.string)
    inner = tf.function(write_to, input_signature=[given], autograph=False)
    outer = tf.function(lambda path: inner(path), input_signature=[given], autograph=False)
    maker = tf.function(lambda: tf.constant(PROOF), input_signature=[], autograph=False)

    def looped():
        def body(i, path):
            with tf.control_dependencies([tf.io.write_file(path, "written")]):
                return i + 1, path

        tf.while_loop(lambda i, _: i < 2, body, [tf.constant(0), tf.constant(PROOF)])
        return {"done": tf.constant(True)}

    def over_dataset():
        names = tf.data.Dataset.from_tensors(PROOF).map(lambda path: write_to(path)["done"])
        return {"done": names.reduce(tf.constant(True), lambda _, done: done)}

    save_functions(
        "paths_carried",
        called=function(lambda: outer(tf.constant(PROOF))),
        captured=function(lambda: write_to(captured)),
        returned=function(lambda: write_to(maker())),
        branch=function(lambda number: tf.cond(number > 0, lambda: write_to(captured), lambda: {"done": False}), NUMBER),
        looped=function(looped),
        dataset=function(over_dataset),
    )


def from_caller() -> None:
    """The caller chooses the file, or a part of its name."""
    captured = tf.function(write_to, input_signature=[tf.TensorSpec([], tf.string)], autograph=False)

    save_functions(
        "paths_from_caller",
        whole=function(write_to, NAME),
        part=function(lambda name: write_to(tf.strings.join(["scan_", name, ".txt"])), NAME),
        number=function(lambda number: write_to(tf.strings.format("scan_{}.txt", number)), NUMBER),
        called=function(lambda name: captured(tf.strings.strip(name)), NAME),
        branch=function(lambda name: tf.cond(tf.strings.length(name) > 0, lambda: write_to(name),
                                             lambda: {"done": False}), NAME),
        read=function(lambda name: {"content": tf.io.read_file(tf.strings.join([".", name], separator="/"))}, NAME),
        lines=function(lambda name: {"lines": tf.data.TextLineDataset(name).reduce(
            tf.constant(0, tf.int64), lambda total, _: total + 1)}, NAME),
    )


def asset_escapes() -> None:
    """The path of an asset, and from there upwards out of the model."""
    with source_files({"words.txt": b"red\n"}):
        module = tf.Module()
        module.words = tf.saved_model.Asset("words.txt")
        save_functions(
            "asset_escapes_by_join",
            module,
            inside=function(lambda: {"text": tf.io.read_file(module.words.asset_path)}),
            escapes=function(lambda: {"text": tf.io.read_file(
                tf.strings.join([module.words.asset_path, "/../../../../secret.txt"]))}),
        )


class Vocabulary(tf.Module):
    def __init__(self):
        super().__init__()
        self.ids = tf.lookup.StaticVocabularyTable(
            tf.lookup.TextFileInitializer(
                "vocabulary.txt", tf.string, tf.lookup.TextFileIndex.WHOLE_LINE,
                tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER),
            num_oov_buckets=1, name="ids")

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="words")])
    def look_up(self, words):
        return {"ids": self.ids.lookup(words)}


def vocabularies() -> None:
    with source_files({"vocabulary.txt": b"red\ngreen\n"}):
        for name in ("vocabulary_table", "asset_missing"):
            module = Vocabulary()
            path = save(module, name, signatures=module.look_up)
    (Path(path) / "assets" / "vocabulary.txt").unlink()
    (Path(path) / "assets").rmdir()


def images() -> None:
    """A caller names a picture, or sends one."""
    def decode(content):
        return {"size": tf.shape(tf.io.decode_image(content, expand_animations=False))}

    by_name = tf.Module()
    by_name.decode = function(lambda name: decode(tf.io.read_file(name)), NAME)
    save(by_name, "image_by_name", signatures=by_name.decode)
    content = tf.TensorSpec([], tf.string, name="content")
    by_bytes = tf.Module()
    by_bytes.decode = function(decode, content)
    save(by_bytes, "image_bytes", signatures=by_bytes.decode)


def printing() -> None:
    module = tf.Module()

    def show(number):
        with tf.control_dependencies([tf.print("number is", number)]):
            return {"y": number * 2}

    module.show = function(show, NUMBER)
    save(module, "prints_to_stderr", signatures=module.show)


def main() -> None:
    seed()
    joined()
    picked()
    stored()
    carried()
    from_caller()
    asset_escapes()
    vocabularies()
    images()
    printing()


if __name__ == "__main__":
    main()
