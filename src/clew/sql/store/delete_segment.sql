-- Rewrites the parts that hold the segment, without its rows, and waits until that is done.
alter table {{table}}
delete in partition {receive_day:String}
where segment = toFixedString(unhex({segment:String}), 16)
    and {{may_write}}
settings mutations_sync = 2
