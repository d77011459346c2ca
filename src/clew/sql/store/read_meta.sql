select value
from meta final
where key = {key:String}
