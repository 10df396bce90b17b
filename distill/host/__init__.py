"""A server for the fine-tuning code that people have: files, jobs, models, chat and batches of the public API, trained and served here."""
