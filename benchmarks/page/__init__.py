"""The report of the whole benchmark: one page, made from the sections' Results alone."""
