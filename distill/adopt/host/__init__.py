"""What a host still tells of its tunes: jobs, files, last days."""
