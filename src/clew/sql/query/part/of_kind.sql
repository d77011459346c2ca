kind = {kind:Int32}
