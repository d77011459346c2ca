-- Spans of some traces, given as FIRST:LAST:ID, each in its own seconds. The sort key is (time, trace_id):
-- pairs of both read the one granule a trace has in a second; two sets would read all that both let in.
(time, trace_id) in (
        select
            toDateTime(
                toUInt32(arrayJoin(range(toUInt64(trace[1]), toUInt64(trace[2]) + 1))),
                'UTC'
            ),
            toFixedString(unhex(trace[3]), 16)
        from (
            select splitByChar(':', arrayJoin(splitByChar(',', {traces_by_second:String}))) as trace
        )
    )
    and receive_day >= {first_day:Date}
    and receive_day <= {last_day:Date}
