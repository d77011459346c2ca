-- False once another process has made itself the writer, see docs/decisions/0006.
(
    {writer:String} = ifNull((select value from meta final where key = 'writer'), '')
)
