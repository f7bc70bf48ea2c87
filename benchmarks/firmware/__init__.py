"""The C engine on boards: built, run under QEMU, and measured."""
