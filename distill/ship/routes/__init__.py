"""Student first, teacher second, as files that serve it: for a program in Python, for vLLM, and for a gateway of the OpenAI kind."""
