"""What FastAPI itself takes for an answer of so many bytes: `python -m benchmarks.bare_fastapi PORT SIZE`."""

import sys

import uvicorn
from fastapi import FastAPI
from fastapi.responses import HTMLResponse

app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
CONTENT = "x" * int(sys.argv[2])


@app.get("/health/ready")
async def constant() -> HTMLResponse:
    return HTMLResponse(CONTENT)


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), access_log=False, log_level="warning")
