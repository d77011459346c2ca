-- In the background: rows that are inserted later are not looked at.
alter table attribute_index
delete in partition {day:String}
where batch not in (
        {{batches}}
    )
    and {{may_write}}
settings mutations_sync = 0
