-- Seconds that may hold a value of an attribute; all others do not. `types` is comma-separated.
-- The filter is a Bloom filter of 4 probes on the XXH64 of the value, see schema/attribute_index.sql;
-- without one, a row that is not complete may hold anything.
with
    xxHash64({value:String}) as hash,
    bitAnd(hash, 0xffffffff) as first_probe,
    bitOr(bitShiftRight(hash, 32), 1) as step
select
    toUInt32(time) as time,
    toUInt32(last_time) as last_time
from attribute_index
where {{rows}}
    and (
        key = ''
        or (
            has(splitByChar(',', {types:String}), toString(type))
            and (
                has(values, {value:String})
                or (
                    not complete
                    and (
                        empty(filter)
                        or arrayAll(
                            bit -> bitTest(
                                reinterpretAsUInt8(substring(filter, intDiv(bit, 8) + 1, 1)),
                                bit % 8
                            ),
                            arrayMap(
                                probe -> (first_probe + probe * step) % (8 * greatest(length(filter), 1)),
                                [0, 1, 2, 3]
                            )
                        )
                    )
                )
            )
        )
    )
order by time desc
