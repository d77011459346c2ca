"""The engine's errors → what the write path does about them."""

import pytest

from clew.store.errors import classify


@pytest.mark.parametrize(
    "message",
    [
        "Code: 241. DB::Exception: Memory limit (total) exceeded (MEMORY_LIMIT_EXCEEDED)",
        "Code: 252. DB::Exception: Too many parts (3000) in table (TOO_MANY_PARTS)",
        "Code: 243. DB::Exception: Cannot reserve 1 MiB, not enough space (NOT_ENOUGH_SPACE)",
        "Code: 75. DB::Exception: Cannot write to file (CANNOT_WRITE_TO_FILE_DESCRIPTOR)",
        "Code: 1001. DB::Exception: filesystem error: No space left on device (STD_EXCEPTION)",
        "Code: 159. DB::Exception: Timeout exceeded (TIMEOUT_EXCEEDED)",
        "Code: 210. DB::NetException: Connection refused (NETWORK_ERROR)",
    ],
)
def test_condition_that_passes_is_transient(message: str) -> None:
    assert classify(message).transient


@pytest.mark.parametrize(
    "message",
    [
        "Code: 16. DB::Exception: There is no column (NO_SUCH_COLUMN_IN_TABLE)",
        "Code: 49. DB::Exception: Logical error (LOGICAL_ERROR)",
        "something nobody has seen before",
    ],
)
def test_other_error_is_permanent(message: str) -> None:
    assert not classify(message).transient


def test_code_and_text_are_kept() -> None:
    error = classify("Code: 164. DB::Exception: Cannot execute query in readonly mode. (READONLY)")
    assert error.code == 164
    assert "readonly mode" in str(error)


def test_kinds_are_told_apart() -> None:
    assert classify("Code: 159. x").timeout
    assert not classify("Code: 159. x").memory
    assert classify("Code: 241. x").memory
