select count() as spans
from spans
where {{seconds}}
    and start_ns >= {first_ns:UInt64}
    and start_ns <= {last_ns:UInt64}
