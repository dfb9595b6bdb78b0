"""The shelf: copies of model folders that the service may serve, one folder a version, none with people in it.

A copy is the service's own: what happens to the folder that `penchant train` wrote does not reach it, and a person who is
forgotten is in no file of it. A version is named after its content, so the same model is never there twice.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from penchant.errors import BadModelFolder, PenchantError, UnknownName
from penchant.models.base import Model, load_model
from penchant.models.serving import check_copy, copy_for_service, version_name
from penchant.service.nouns import ModelInfo
from penchant.store.protocol import Pointer, Store, Version


@dataclass(frozen=True)
class Shelf:
    """Versions of one project below `folder`."""

    folder: Path

    def take_in(self, source: Path) -> str:
        """Copies a model folder, verifying every file, and returns its version; raises BadModelFolder and leaves nothing.

        A whole copy that is there already stays; a damaged one is replaced.
        """
        version = version_name(source)
        self.folder.mkdir(parents=True, exist_ok=True)
        copy_for_service(source, self.folder / version)
        return version

    def check(self, version: str) -> None:
        """Reads every byte of a version's copy; raises BadModelFolder, naming the file that is not as it was saved."""
        check_copy(self._place(version))

    def load(self, version: str) -> Model:
        """The model of a version, ready to be served to nobody in particular; raises BadModelFolder."""
        return load_model(self._place(version), people=False)

    def _place(self, version: str) -> Path:
        place = self.folder / version
        if not place.is_dir():
            raise BadModelFolder(f"{version}: its folder is not on the shelf {self.folder}; add it again")
        return place

    def remove(self, version: str) -> None:
        """Deletes a copy."""
        shutil.rmtree(self.folder / version, ignore_errors=True)


class ForgottenMeanwhile(PenchantError):
    """A model may have learned from somebody who was forgotten before it was done."""


def admit(
    store: Store,
    shelf: Shelf,
    source: Path,
    at: float,
    *,
    trained_to: int = 0,
    card: dict[str, object] | None = None,
    forgotten: int | None = None,
) -> Version:
    """Puts a model folder on the shelf and into the store's list, after it was loaded once; it is not served yet.

    Args:
        at: the moment, seconds since 1970, UTC.
        trained_to: newest offset of the log that its training saw.
        card: what was measured when it was let in.
        forgotten: how many times somebody had been forgotten before its log was read (`Store.forgotten`), where that matters.

    Raises:
        ForgottenMeanwhile: somebody was forgotten since; nothing stays of the model.
        BadModelFolder: the folder is torn, changed or of another format.
    """
    name = shelf.take_in(source)
    known = {version.version: version for version in store.versions()}
    if name in known:
        shelf.load(name)
        return known[name]
    try:
        model = shelf.load(name)
    except BadModelFolder:
        shelf.remove(name)  # its digests are right, and still it is no model
        raise
    about = {
        "model": model.name(),
        "data": dict(model.card.get("data", {})),
        "n_items": len(model.catalogue.items),
        **(card or {}),
    }
    made = Version(version=name, trained_to=trained_to, added_at=at, card=about)
    if not store.add_version(made, forgotten=forgotten):
        shelf.remove(name)
        raise ForgottenMeanwhile(f"{name}: somebody was forgotten while it learned")
    return made


def described(version: Version, pointer: Pointer | None) -> ModelInfo:
    """A version as faces show it."""
    return ModelInfo(
        version=version.version,
        model=str(version.card.get("model", version.version.rsplit("-", 1)[0])),
        current=pointer is not None and pointer.version == version.version,
        added_at=version.added_at,
        trained_to=version.trained_to,
        card=version.card,
    )


def version_of(store: Store, name: str) -> Version:
    """A registered version by its name; raises UnknownName naming the newest ones."""
    listed = store.versions()
    for version in listed:
        if version.version == name:
            return version
    raise UnknownName("model version", name, (version.version for version in listed[-5:]))
