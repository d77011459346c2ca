"""A FastAPI application that knows nothing of Clew; `opentelemetry-instrument` wraps it."""

import sys

import uvicorn
from fastapi import FastAPI

app = FastAPI()


@app.get("/items/{number}")
def item(number: int) -> dict[str, int]:
    return {"item": number}


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]))
