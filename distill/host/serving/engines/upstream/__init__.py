"""Another server, such as a vLLM, that answers in place of the engines here."""
