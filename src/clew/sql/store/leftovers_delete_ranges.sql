-- A row that ends before the second tells of spans that began before it, and of no others: it may go
-- when its trace has none of those left. Only they are read, and they are few.
alter table trace_ranges
delete in partition {day:String}
where max_time < toDateTime({second:UInt32}, 'UTC')
    and trace_id not in (
        select trace_id
        from spans
        where receive_day = toDate({day:String})
            and time < toDateTime({second:UInt32}, 'UTC')
    )
    and {{may_write}}
settings mutations_sync = 0
