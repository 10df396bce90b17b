"""Models that answer on this machine: llama.cpp over loopback, transformers in this process."""
