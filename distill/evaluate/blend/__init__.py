"""Student and teacher as one service: who answers which row, and what that is worth and what it costs at several thresholds."""
