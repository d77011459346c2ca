toStartOfDay(time)
