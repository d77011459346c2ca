{{unit}} in (select toDateTime(toUInt32(arrayJoin(splitByChar(',', {units:String}))), 'UTC'))
