"""Two runs side by side: what of rows, gates, settings and scores is another."""
