"""The verbs of the command line, a module for each group; `add_to` declares them."""
