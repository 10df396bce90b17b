"""A dataset for the hub: its folder, and the way there."""
