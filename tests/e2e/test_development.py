"""`fastopp dev`: a change restarts the server at once, open streams or not, and open pages load themselves again."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from app.config import ROOT
from tests.e2e.conftest import with_model
from tests.e2e.server import free_port, wait_until_ready
from tests.model_server import ModelServer

pytestmark = [pytest.mark.e2e, pytest.mark.cuts_the_network]
FASTOPP = [sys.executable, "-c", "import sys; sys.path.insert(0, '.'); from app.cli import app; app()"]


def test_a_change_reaches_the_open_page_in_mid_stream(page: Page, tmp_path: Path, model_server: ModelServer) -> None:
    project = tmp_path / "project"
    for folder in ("app", "migrations"):
        shutil.copytree(ROOT / folder, project / folder, ignore=shutil.ignore_patterns("__pycache__"))
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **with_model(model_server)}
    subprocess.run([*FASTOPP, "migrate"], cwd=project, env=environment, check=True)
    port = free_port()
    command = [*FASTOPP, "dev", "--port", str(port)]
    server = subprocess.Popen(command, cwd=project, env=environment, start_new_session=True)
    try:
        wait_until_ready(f"http://127.0.0.1:{port}")
        page.goto(f"http://127.0.0.1:{port}/chat")
        page.get_by_label("Model").select_option("slow")
        page.get_by_label("Your question").fill("Tell me")
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile(r"/chat/[0-9a-f-]{36}"))
        expect(page.locator("article[aria-busy]")).to_contain_text(re.compile(r"\w+ \w+"))
        template = project / "app/templates/partials/topbar.html"
        template.write_text(template.read_text().replace("Documents", "Papers"))
        expect(page.get_by_role("link", name="Papers")).to_be_visible()
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        server.wait(timeout=10)
