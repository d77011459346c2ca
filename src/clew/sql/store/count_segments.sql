select
    segment,
    count() as rows
from {{table}}
where segment in (
    -- A plain string would lose the zeros at the end of an id, and with them every 256th segment.
    select toFixedString(unhex(arrayJoin(splitByChar(',', {segments:String}))), 16)
)
group by segment
