insert into meta
(
    key,
    value,
    version
)
select
    {key:String},
    {value:String},
    {version:UInt64}
settings async_insert = 0
