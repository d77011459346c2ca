select name
from system.databases
where name = {name:String}
