-- Spans by time and by duration, in 64 steps per power of two: the leading bits of the duration as a
-- double. Above 2^53 the bits that a double would round are taken off first.
select
    intDiv(start_ns, {width_ns:UInt64}) as bucket,
    bitShiftRight(
        reinterpretAsUInt64(
            toFloat64(
                if(duration_ns < 9007199254740992, duration_ns, bitAnd(duration_ns, 18446744073709549568))
            )
        ),
        46
    ) as step,
    count() as spans,
    countIf(status_code = 1) as ok,
    countIf(status_code = 2) as errors
from spans
where ({{condition}})
    and {{seconds}}
    and start_ns >= {first_ns:UInt64}
    and start_ns <= {last_ns:UInt64}
group by
    bucket,
    step
