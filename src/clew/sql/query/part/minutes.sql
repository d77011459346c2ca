-- The sort key begins with the minute: a set of them reads the granules of those minutes only.
toStartOfMinute(time) in (
        select toDateTime(toUInt32(arrayJoin(splitByChar(',', {minutes:String}))), 'UTC')
    )
