"""A saga engine without I/O: declare a saga, decide what a message does to it, describe it.

`words` is what a declaration is written with, `decide` interprets it, `transitions` is the one
function that says where a position leads, `checks` refuses a declaration that could lose a
compensation or leave a saga stuck, `describe` and `crash_points` document it.
"""
