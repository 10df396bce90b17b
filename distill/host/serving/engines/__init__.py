"""What computes: llama.cpp in a process beside this one, transformers in this one, or a server that the user names."""
