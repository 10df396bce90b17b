"""Training on this machine as a part of a run: `here` does it, on rows (`replay` mixes more in), then on `pairs` by `dpo`."""
