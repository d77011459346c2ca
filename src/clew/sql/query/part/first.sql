prewhere {{condition}}
