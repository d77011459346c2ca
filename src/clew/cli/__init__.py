"""The command line: one file per command; all but `serve` and `demo` are clients of the API."""
