-- Whether any element of an AnyValue message with array_value meets the condition on `element`, itself
-- an AnyValue. `walk` is where the next element begins, and whether one has met it. Every message has a
-- tag and a varint of its size before it: 7 bits a byte, the last below 128; four bytes are 256 MiB.
-- The engine keeps a copy of the message for each step, so steps are counted by the tag: a line feed.
arrayExists(
    message -> tupleElement(
        arrayFold(
            (walk, step) -> if(
                tupleElement(walk, 2) or tupleElement(walk, 1) > length(message),
                walk,
                arrayMap(
                    (bytes, begin) -> arrayMap(
                        (size, last) -> (
                            begin + last + size,
                            toBool(
                                arrayExists(
                                    element -> {{condition}},
                                    [substring(message, begin + last, size)]
                                )
                            )
                        ),
                        [
                            arraySum(
                                (byte, place) -> bitShiftLeft(bitAnd(byte, 127), 7 * place),
                                arraySlice(bytes, 1, arrayFirstIndex(byte -> byte < 128, bytes)),
                                range(arrayFirstIndex(byte -> byte < 128, bytes))
                            )
                        ],
                        [arrayFirstIndex(byte -> byte < 128, bytes)]
                    )[1],
                    [
                        arrayMap(
                            place -> toUInt64(
                                reinterpretAsUInt8(substring(message, tupleElement(walk, 1) + place, 1))
                            ),
                            [1, 2, 3, 4]
                        )
                    ],
                    [toUInt64(tupleElement(walk, 1) + 1)]
                )[1]
            ),
            range(countSubstrings(message, char(10))),
            (
                toUInt64(
                    2 + arrayFirstIndex(
                        byte -> byte < 128,
                        arrayMap(place -> reinterpretAsUInt8(substring(message, place, 1)), [2, 3, 4, 5])
                    )
                ),
                toBool(false)
            )
        ),
        2
    ),
    [{{message}}]
)
