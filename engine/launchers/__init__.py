"""Where the processes of runs come from."""
