-- The sort key begins with the second.
time >= toDateTime({first_second:UInt32}, 'UTC')
    and time <= toDateTime({last_second:UInt32}, 'UTC')
