"""Several endpoints that serve one model, asked as one teacher: each with its own pace, and left out while it is down or slow."""
