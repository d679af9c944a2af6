"""TensorFlow's own answers, compared with ours."""
