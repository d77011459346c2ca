-- An engine in this process ends with it: nothing of it can run late.
true
