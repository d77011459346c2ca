-- Details that differ in numbers only, or behind their beginning, are one entry, as in the intake. What
-- is wide is read for the entries that are listed only: a flood leaves many that nobody looks at.
select
    reason,
    status,
    protocol,
    address,
    port,
    user_agent,
    key_prefix,
    headers as last_headers,
    detail as last_detail,
    sentence as last_sentence,
    knocks,
    first,
    last_ns as last
from ledger
any inner join
(
    select
        sum(count) as knocks,
        min(first_ns) as first,
        max((last_ns, segment, n)) as newest,
        tupleElement(newest, 2) as newest_segment,
        tupleElement(newest, 3) as newest_n
    from ledger final
    where {{seconds}}
        and last_ns >= {first_ns:UInt64}
        and last_ns <= {last_ns:UInt64}
        and {{reason}}
    group by
        sipHash128(
            reason,
            status,
            protocol,
            address,
            port,
            user_agent,
            key_prefix,
            replaceRegexpAll(substringUTF8(detail, 1, 60), '[0-9]+', '#')
        )
    order by
        newest desc
    limit {limit:UInt32}
) as listed
    on ledger.segment = listed.newest_segment
    and ledger.n = listed.newest_n
where {{seconds}}
order by
    last desc,
    reason,
    address,
    last_detail
limit 1 by
    segment,
    n
