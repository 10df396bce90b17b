"""What people say of calls after they were logged: joined to the calls that the monitor keeps, and counted once."""
