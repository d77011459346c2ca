trace_id in (
        select toFixedString(unhex(arrayJoin(splitByChar(',', {trace_ids:String}))), 16)
    )
    and receive_day >= {first_day:Date}
    and receive_day <= {last_day:Date}
    and {{bounds}}
