"""The formats of `engine.export`, one file each."""
