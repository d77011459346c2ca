-- The number in an AnyValue message with double_value: 8 bytes after the tag.
reinterpretAsFloat64(substring({{message}}, 2, 8))
