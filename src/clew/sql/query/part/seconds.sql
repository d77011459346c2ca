-- The sort key begins with the minute; the engine uses it only when it is named.
toStartOfMinute(time) >= toStartOfMinute(toDateTime({first_second:UInt32}, 'UTC'))
    and toStartOfMinute(time) <= toStartOfMinute(toDateTime({last_second:UInt32}, 'UTC'))
    and time >= toDateTime({first_second:UInt32}, 'UTC')
    and time <= toDateTime({last_second:UInt32}, 'UTC')
