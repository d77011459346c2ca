-- The number in an AnyValue message with int_value: the varint after the tag, 7 bits a byte.
reinterpretAsInt64(
    arraySum(
        place -> bitShiftLeft(
            toUInt64(bitAnd(reinterpretAsUInt8(substring({{message}}, place + 2, 1)), 127)),
            7 * place
        ),
        range(length({{message}}) - 1)
    )
)
