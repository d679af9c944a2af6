# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-cpu==2.21.0"]
# ///
"""A tf.custom_gradient that is kept in the SavedModel (library.registered_gradients)."""

from _tf import save, seed, tf

MODELS = ("custom_gradient",)


@tf.custom_gradient
def clipped_identity(x):
    """x forward; the gradient is cut to [-1, 1]."""

    def gradient(upstream):
        return tf.clip_by_value(upstream, -1.0, 1.0)

    return tf.identity(x), gradient


class CustomGradient(tf.Module):
    def __init__(self):
        super().__init__(name="custom_gradient")
        self.scale = tf.Variable(10.0, name="scale")

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def __call__(self, x):
        return clipped_identity(x) * self.scale


def main() -> None:
    seed()
    options = tf.saved_model.SaveOptions(experimental_custom_gradients=True)
    module = CustomGradient()
    save(module, "custom_gradient", signatures=module.__call__, options=options)


if __name__ == "__main__":
    main()
