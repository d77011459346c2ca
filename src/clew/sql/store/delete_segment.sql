-- Rewrites the parts that hold the segment, without its rows, and waits until that is done.
alter table {{table}}
delete in partition {receive_day:String}
where segment = unhex({segment:String})
settings mutations_sync = 2
