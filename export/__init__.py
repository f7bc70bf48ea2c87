"""From a training run to checked, self-describing .tflite bundles."""
