"""How far a training is: its losses, checkpoints and time left."""
