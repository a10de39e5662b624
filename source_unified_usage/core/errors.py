"""The three owners of an error: the user, time, the vendor."""

from typing import Any

from airbyte_cdk.models import AirbyteMessage, FailureType, StreamDescriptor
from airbyte_cdk.utils import AirbyteTracedException
from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets

from source_unified_usage.core.masking import shortened


class SourceError(AirbyteTracedException):
    """One sentence for the person who must act. `status` and `words` are the vendor's, where it answered."""

    kind = FailureType.system_error

    def __init__(self, sentence: str, *, status: int | None = None, words: str = "") -> None:
        sentence = filter_secrets(sentence)
        super().__init__(message=sentence, internal_message=sentence, failure_type=self.kind)
        self.status, self.words = status, words

    def __repr__(self) -> str:
        return str(self)

    def as_airbyte_message(self, stream_descriptor: StreamDescriptor | None = None) -> AirbyteMessage:
        """Without a stack trace: the sentence says it all."""
        message = super().as_airbyte_message(stream_descriptor)
        assert message.trace and message.trace.error
        message.trace.error.stack_trace = None
        return message


class ConfigError(SourceError):
    """The user can fix it; trying again does not help."""

    kind = FailureType.config_error


class KeyRefused(ConfigError):
    """The credential itself is refused: every stream that uses it stops."""


class Unavailable(SourceError):
    """It passes by itself: Airbyte tries again later."""

    kind = FailureType.transient_error


class BrokenContract(SourceError):
    """The vendor answered what its documentation excludes."""


class Defect(SourceError):
    """A mistake of this source, whatever the vendor sent: only who makes it can mend it."""


# RecursionError: nested deeper than anything that is documented
UNMAPPABLE = (KeyError, TypeError, ValueError, AttributeError, IndexError, ArithmeticError, RecursionError)


class Unmappable(Exception):
    """A row without what a record needs; the reading names it in a BrokenContract."""

    def __init__(self, row: Any, reason: Exception) -> None:
        super().__init__(row, reason)
        self.row, self.reason = row, reason


class Malformed(Exception):
    """A record that no row of a vendor can excuse; the reading tells whose in a Defect."""


def reason_of(error: Exception) -> str:
    """What one of UNMAPPABLE says, in one line and without the whole of a long value."""
    said = f"no {error}" if isinstance(error, KeyError) else str(error)
    return shortened(said, 200)
