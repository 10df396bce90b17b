"""The JSON of OpenAI-style servers: objects, pages, errors and ids. What speaks it here, the host and the doubles, shares these shapes."""
