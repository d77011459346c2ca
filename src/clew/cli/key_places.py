"""Where `clew keys` finds keys: a server's API, or a data folder."""

from __future__ import annotations

import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar

from clew.cli.client import Api
from clew.cli.output import Failure, note
from clew.settings import Settings

if TYPE_CHECKING:
    from clew.admin import Keys

PATH = "/api/v1/keys"
_T = TypeVar("_T")
# What tells a data folder from any other.
_MARKS = (".lock", "journal", "admin.sqlite")


class Place(ABC):
    """Keys as the API writes them. Left by the end of its `with` block."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None: ...

    @abstractmethod
    def list(self) -> list[dict[str, Any]]: ...

    @abstractmethod
    def create(self, asked: dict[str, Any]) -> tuple[dict[str, Any], str]:
        """`asked` is the body for the API. The key, and its text."""

    @abstractmethod
    def rotate(self, key_id: str, overlap_s: int) -> tuple[dict[str, Any], str]:
        """The key, and its new text."""

    @abstractmethod
    def revoke(self, key_id: str) -> dict[str, Any]: ...


class Server(Place):
    """By the API."""

    def __init__(self, address: str) -> None:
        self._api = Api(address)

    def close(self) -> None:
        self._api.close()

    def list(self) -> list[dict[str, Any]]:
        with _or_folder():
            found: list[dict[str, Any]] = self._api.get(PATH)["keys"]
        return found

    def create(self, asked: dict[str, Any]) -> tuple[dict[str, Any], str]:
        with _or_folder():
            made = self._api.post(PATH, asked)
        return made["apiKey"], made["key"]

    def rotate(self, key_id: str, overlap_s: int) -> tuple[dict[str, Any], str]:
        made = self._api.post(f"{PATH}/{key_id}/rotate", {"overlapSeconds": overlap_s})
        return made["apiKey"], made["key"]

    def revoke(self, key_id: str) -> dict[str, Any]:
        return self._api.post(f"{PATH}/{key_id}/revoke", {})


class Folder(Place):
    """In DATA/admin.sqlite, beside a server that may be using it."""

    def __init__(self, folder: Path) -> None:
        from clew.admin import Keys

        self._keys: Keys = _explained(lambda: Keys(folder))

    def close(self) -> None:
        self._keys.close()

    def list(self) -> list[dict[str, Any]]:
        from clew.admin import describe

        return [describe(key, time.time()) for key in _explained(self._keys.list)]

    def create(self, asked: dict[str, Any]) -> tuple[dict[str, Any], str]:
        from clew.admin import describe

        key, text = _explained(
            lambda: self._keys.create(
                asked["name"],
                asked["scopes"],
                expires_s=asked["expiresInSeconds"],
                spans_per_second=asked["spansPerSecond"],
            )
        )
        return describe(key, time.time()), text

    def rotate(self, key_id: str, overlap_s: int) -> tuple[dict[str, Any], str]:
        from clew.admin import describe

        key, text = _explained(
            lambda: self._keys.rotate(bytes.fromhex(key_id), overlap_s=overlap_s)
        )
        return describe(key, time.time()), text

    def revoke(self, key_id: str) -> dict[str, Any]:
        from clew.admin import describe

        return describe(_explained(lambda: self._keys.revoke(bytes.fromhex(key_id))), time.time())


def folder(path: Path, *, creates: bool) -> Folder:
    """The keys of a data folder. Only for the first key the folder itself may be made."""
    if find_spec("sqlalchemy") is None:
        raise Failure(
            "keys on a data folder need the server's packages: run pip install 'clew[server]', "
            "or leave --data-dir out to ask the server that runs"
        )
    path = path.expanduser().absolute()
    try:
        if not path.exists():
            _make(path, creates=creates)
        if not path.is_dir():
            raise Failure(f"--data-dir: {path} is not a folder; name the one that Clew runs with")
        names = {one.name for one in path.iterdir()}
    except OSError as error:
        raise Failure(f"cannot use the data folder {path}: {error.strerror}") from None
    if names and not names & set(_MARKS):
        raise Failure(
            f"--data-dir: {path} holds other things and no data of Clew; "
            "name the folder that Clew runs with"
        )
    if not creates and "admin.sqlite" not in names:
        raise Failure(
            f"there are no keys in {path}; "
            "make the first with clew keys create NAME --scope ingest --data-dir DIR"
        )
    return Folder(path)


def _make(path: Path, *, creates: bool) -> None:
    is_default = path == Settings().data_dir.absolute()
    if not creates or not (is_default or path.parent.is_dir()):
        raise Failure(
            f"--data-dir: there is no folder {path}; name the one that Clew runs with"
            + (", or make the folder around it first" if creates else "")
        )
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    note(f"made the folder {path}; start Clew with it")


@contextlib.contextmanager
def _or_folder() -> Iterator[None]:
    try:
        yield
    except Failure as failure:
        raise Failure(
            f"{failure}\non the machine that runs Clew, --data-dir DIR works without the API"
        ) from None


def _explained(action: Callable[[], _T]) -> _T:
    from clew.admin import KeysError

    try:
        return action()
    except (KeysError, LookupError, ValueError) as error:
        raise Failure(str(error)) from None
