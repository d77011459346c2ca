-- chDB finds the batch by its name in the caller's frame and copies nothing.
select
    {{columns}}
from Python(batch)
