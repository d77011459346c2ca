select toString(max(receive_day)) as day
from spans
having count() > 0
