# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-cpu==2.21.0"]
# ///
"""Japanese in every name that TensorFlow lets a user choose.

TF2 takes it for functions, signature and output keys, attributes (so checkpoint keys) and assets, not for variables,
nodes or signature inputs; TF1 takes it for input keys too.
"""

from _common import drop_empty_directories, fresh, source_files
from _tf import save, seed, tf

MODELS = ("names_japanese", "names_japanese_tf1")

v1 = tf.compat.v1


class Japanese(tf.Module):
    def __init__(self):
        super().__init__(name="module")
        self.重み = tf.Variable([1.0, 2.0], name="weight")
        self.辞書 = {"キー": tf.Variable(3.0, name="value")}
        self.語彙 = tf.saved_model.Asset("語彙.txt")

    @tf.function(input_signature=[tf.TensorSpec([2], tf.float32, name="x")])
    def 予測(self, x):
        return {"出力": x * self.重み + self.辞書["キー"], "語彙": tf.io.read_file(self.語彙)}


def tf1() -> None:
    path = fresh("names_japanese_tf1")
    builder = v1.saved_model.Builder(path)
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.string, [None], name="x")
        y = tf.strings.join([x, tf.constant("です")], name="y")
        signature = v1.saved_model.predict_signature_def({"入力": x}, {"出力": y})
        builder.add_meta_graph_and_variables(
            session, ["serve", "日本"], signature_def_map={"予測": signature}, strip_default_attrs=True
        )
    builder.save()
    drop_empty_directories(path)


def main() -> None:
    seed()
    with source_files({"語彙.txt": "猫\n犬\n".encode()}):
        module = Japanese()
        save(module, "names_japanese", signatures={"予測": module.予測})
    tf1()


if __name__ == "__main__":
    main()
