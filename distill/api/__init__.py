"""What `import distill` gives: the stages as functions, plain (`stages`) and to be awaited (`aio`), and the gates by name."""
