select
    segment,
    count() as rows
from {{table}}
where segment in (select unhex(arrayJoin(splitByChar(',', {segments:String}))))
group by segment
