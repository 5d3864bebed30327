"""Panel: panes turn gestures into edits and commands, and state into pictures; they decide nothing."""
