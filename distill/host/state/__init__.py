"""What the host keeps: rows in `host.db`, bytes in a folder of files."""
