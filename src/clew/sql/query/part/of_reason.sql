reason = {reason:String}
