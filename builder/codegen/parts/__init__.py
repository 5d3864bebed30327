"""Functions and classes that generated files include as they stand here, where they are checked and tested.

They import only torch, hold lines of at most 88 columns, and say what they do without naming this project.
"""
