# /// script
# requires-python = "==3.11.*"
# dependencies = ["tensorflow-cpu==2.21.0"]
# ///
"""MirroredStrategy over two CPUs, saved under each experimental_variable_policy; and ops pinned to a device."""

from _tf import save, seed, tf

MODELS = ("mirrored_none", "mirrored_save_devices", "mirrored_expand", "device_placement")


class Mirrored(tf.Module):
    def __init__(self):
        super().__init__(name="mirrored")
        self.kernel = tf.Variable([1.0, 2.0], name="kernel")

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, name="x")])
    def __call__(self, x):
        return {"y": x * self.kernel}


class Pinned(tf.Module):
    """One op on the author's GPU, one on a CPU of a named job."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def __call__(self, x):
        with tf.device("/device:GPU:0"):
            y = x * 2.0
        with tf.device("/job:worker/replica:0/task:1/device:CPU:0"):
            return {"y": y + 1.0}


def main() -> None:
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    seed()
    for name, policy in (
        ("mirrored_none", None),
        ("mirrored_save_devices", "save_variable_devices"),
        ("mirrored_expand", "expand_distributed_variables"),
    ):
        with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
            module = Mirrored()
        options = tf.saved_model.SaveOptions(experimental_variable_policy=policy)
        save(module, name, signatures=module.__call__, options=options)

    pinned = Pinned()
    save(pinned, "device_placement", signatures=pinned.__call__)


if __name__ == "__main__":
    main()
