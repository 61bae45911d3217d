"""A learner as a checkpoint holds it, and back: with how far the logs were read for it."""

from __future__ import annotations

import msgspec
import structlog
from msgspec import Struct

from engine.catalogue import Catalogue
from engine.catalogue.features import features_of
from engine.errors import ModelRefused
from engine.facts import defaults_of
from engine.models.online.learner import Learner
from engine.progress import Progress
from engine.teaching.course import Course

_log = structlog.get_logger()


class Checkpoint(Struct):
    """A checkpoint: what was learned, and how far the logs were read for it."""

    progress: Progress
    learner: bytes


def checkpoint_of(course: Course) -> bytes:
    """What a checkpoint of this learner holds."""
    return msgspec.msgpack.encode(Checkpoint(course.progress, course.learner.state()))


def resumed(kept: bytes, catalogue: Catalogue) -> Course:
    """The learner that the checkpoint `kept` holds, and how far it has read the logs.

    A new one that reads them from their beginning where `kept` is empty, cannot be read, or is of
    other features than the catalogue's; known versions are kept even then.
    """
    features = features_of(catalogue)
    actions = {action.id: action for action in catalogue.actions}
    versions: dict[str, int] = {}
    if kept:
        try:
            held = msgspec.msgpack.decode(kept, type=Checkpoint)
            versions = held.progress.versions
            learner = Learner.restore(held.learner)
        except (msgspec.DecodeError, ModelRefused) as error:
            _log.error("the learner's checkpoint is not usable: it starts over", error=str(error))
        else:
            if learner.features == features:
                return Course(learner, held.progress, actions, defaults_of(catalogue))
            _log.warning("the catalogue declares other features: the learner starts over")
    progress = Progress(versions=versions)
    return Course(Learner(features), progress, actions, defaults_of(catalogue))
