"""What the verbs of `cli.verbs.worth` say to people."""
