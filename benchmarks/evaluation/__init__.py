"""Evaluation under a protocol: folds as jobs, records of their answers, and what is pooled of them."""
