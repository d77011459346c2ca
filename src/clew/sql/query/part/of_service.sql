service = {service:String}
