-- The sort key begins with the second: a set of them reads the granules of those seconds only.
time in (
        select toDateTime(toUInt32(arrayJoin(splitByChar(',', {each_second:String}))), 'UTC')
    )
