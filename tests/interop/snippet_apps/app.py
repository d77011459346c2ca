"""An application that knows nothing of Clew: it answers one request of its own, and ends."""

import socket
import threading
import urllib.request

import uvicorn
from fastapi import FastAPI

app = FastAPI()


@app.get("/hello/{name}")
def hello(name: str) -> dict[str, str]:
    return {"hello": name}


with socket.create_server(("127.0.0.1", 0)) as listener:
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=server.run, args=[[listener]])
    thread.start()
    urllib.request.urlopen(f"http://127.0.0.1:{listener.getsockname()[1]}/hello/world").close()
    server.should_exit = True
    thread.join()
