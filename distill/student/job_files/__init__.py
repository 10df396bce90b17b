"""Ready job files for other trainers and hosts, with the spec's own settings; `render.CONFIGS` lists them."""
