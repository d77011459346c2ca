-- A sample of the time, or a window that is looked through whole.
(
    {{units}}
    or (
        time >= toDateTime({window_first_second:UInt32}, 'UTC')
        and time <= toDateTime({window_last_second:UInt32}, 'UTC')
    )
)
