"""Journeys of a person through the app, in headless Chromium."""
