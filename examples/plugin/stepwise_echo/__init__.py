"""An example of a plugin: one block, one template, one task."""
