"""Measurements as ratios or bytes within one run: `make bench`."""
