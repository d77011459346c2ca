-- What a copy that was killed has left; the old table still has all of the day.
alter table spans
delete in partition {day:String}
where {{may_write}}
settings mutations_sync = 2
