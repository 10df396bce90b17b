"""What the verbs of `cli.verbs.serve` say to people."""
