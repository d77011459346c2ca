-- Details that differ in numbers only, or behind their beginning, are one entry, as in the intake.
select
    reason,
    status,
    protocol,
    address,
    port,
    user_agent,
    key_prefix,
    argMax(headers, last_ns) as last_headers,
    argMax(detail, last_ns) as last_detail,
    argMax(sentence, last_ns) as last_sentence,
    sum(count) as knocks,
    min(first_ns) as first,
    max(last_ns) as last
from ledger final
where {{seconds}}
    and last_ns >= {first_ns:UInt64}
    and last_ns <= {last_ns:UInt64}
    and {{reason}}
group by
    reason,
    status,
    protocol,
    address,
    port,
    user_agent,
    key_prefix,
    replaceRegexpAll(substringUTF8(detail, 1, 60), '[0-9]+', '#')
order by
    last desc,
    reason,
    address,
    last_detail
limit {limit:UInt32}
