"""The promoted student behind the proxy: in shadow beside the teacher, or live before it."""
