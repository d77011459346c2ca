toStartOfHour(time)
