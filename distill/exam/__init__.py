"""The exam of a teacher: rows with a known answer, asked before the bulk is paid for."""
