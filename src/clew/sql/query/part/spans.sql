span_id in (
        select toFixedString(unhex(arrayJoin(splitByChar(',', {span_ids:String}))), 8)
    )
