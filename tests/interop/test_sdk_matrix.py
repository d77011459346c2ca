"""Two generations of the SDK with certificates and keys: the part of the matrix that is quick.

All of it: `python -m tests.interop.sdk_matrix`.
"""

from __future__ import annotations

from pathlib import Path

from tests.interop.sdk_matrix import every_case, run
from tests.thorough import THOROUGH


def test_old_and_new_sdk_do_what_the_page_says(tmp_path: Path) -> None:
    cases = [
        case
        for case in every_case()
        if case.security == "mTLS" and case.gzip == (case.way == "grpc")
        # Disks are full for as long as the exporter tries.
        if THOROUGH or case.answer != "disk full"
        # Keys are looked at first, so one answer stands for all.
        if case.key == "right" or (case.key, case.answer) in [("none", "ok"), ("wrong", "ok")]
    ]
    results = list(run(cases, tmp_path))
    assert len(results) == len(cases) == (24 if THOROUGH else 20)
    assert {str(case): wrong for case, _, wrong in results if wrong} == {}
