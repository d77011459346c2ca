toStartOfMinute(time)
