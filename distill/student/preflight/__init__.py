"""What is checked of a dataset before it trains or is paid for: nothing is dropped or changed here (`distill.curate.preflight` drops)."""
