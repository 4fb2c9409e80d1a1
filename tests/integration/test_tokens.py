"""Tokens issued by several processes at one moment."""

import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

from hub.auth.tokens import AccessFile, operator_token

ISSUING = """
import sys
from pathlib import Path
from hub.auth.tokens import AccessFile
print("ready", flush=True)
sys.stdin.readline()
access = AccessFile(Path(sys.argv[1]))
for _ in range(20):
    print(access.issue("lab", {"submitter"}, {"owner"}), flush=True)
"""


def test_processes_that_start_and_issue_at_one_moment_lose_no_token(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", ISSUING, str(tmp_path)], stdin=PIPE, stdout=PIPE, text=True)
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    issued = [token for process in processes for token in process.communicate()[0].split()]
    access = AccessFile(tmp_path)
    assert len(set(issued)) == 80
    assert all(map(access.principal, issued))
    operator = operator_token(tmp_path)
    assert operator
    assert access.principal(operator)
    assert sorted(principal.name for principal in access.principals()) == ["lab"] * 80 + ["operator"]
