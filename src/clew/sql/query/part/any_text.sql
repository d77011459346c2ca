-- The text in an AnyValue message with string_value: what follows the tag and a varint of its length,
-- whose last byte is the first below 128.
substring(
    {{message}},
    multiIf(
        reinterpretAsUInt8(substring({{message}}, 2, 1)) < 128,
        3,
        reinterpretAsUInt8(substring({{message}}, 3, 1)) < 128,
        4,
        reinterpretAsUInt8(substring({{message}}, 4, 1)) < 128,
        5,
        6
    )
)
