"""Sernet: speech emotion recognition that fits on the device."""

__version__ = "0.1.0"
