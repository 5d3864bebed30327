"""The browser side of the window: React sources, their style sheets, and how they are built."""
