"""A full-integer model as C source for the engine in `firmware_example`."""
