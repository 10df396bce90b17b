"""What a training on this machine may have beside its rows: general ones (`replay`), and preference `pairs` (`preferred`, by `dpo`)."""
