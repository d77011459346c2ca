-- The batch follows as the body of the request. It fails unless the sender may still write.
select
    {{columns}}
from input('auto')
where throwIf(not {{may_write}}, 'another Clew writes to this database now') = 0
format ArrowStream
