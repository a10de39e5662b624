"""The CDK's entry point with pages of records written as bytes. On an error it ends without waiting for workers."""

import argparse
import gc
import logging
import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any, cast

from airbyte_cdk.connector import TConfig
from airbyte_cdk.entrypoint import AirbyteEntrypoint
from airbyte_cdk.models import AirbyteMessage, ConnectorSpecification
from airbyte_cdk.sources.connector_state_manager import HashableStreamDescriptor
from airbyte_cdk.utils import AirbyteTracedException
from airbyte_cdk.utils.airbyte_secrets_utils import get_secrets

from source_unified_usage.core.config import validate
from source_unified_usage.core.errors import ran_out
from source_unified_usage.core.masking import mask
from source_unified_usage.core.pages import RecordPage
from source_unified_usage.source import SourceUnifiedUsage
from source_unified_usage.stdout import Stdout


class Entrypoint(AirbyteEntrypoint):
    """The CDK's entry point, with pages of records written as the bytes that the workers made."""

    def __init__(self, source: SourceUnifiedUsage, out: Stdout) -> None:
        logging.disable(logging.INFO)  # the CDK logs its memory thresholds, even before `spec`
        super().__init__(source)
        logging.disable(logging.NOTSET)
        self._out = out

    def read(
        self, source_spec: ConnectorSpecification, config: TConfig, catalog: Any, state: list[Any]
    ) -> Iterable[AirbyteMessage]:
        for message in super().read(source_spec, config, catalog, state):
            if isinstance(message, RecordPage):
                self._out.write(message.lines)
            else:
                yield message

    @staticmethod
    def handle_record_counts(message: AirbyteMessage, stream_message_count: Any) -> AirbyteMessage:
        """Counts for sourceStats, pages included."""
        if isinstance(message, RecordPage):
            stream_message_count[HashableStreamDescriptor(name=message.stream)] += message.count
            return message
        return AirbyteEntrypoint.handle_record_counts(message, stream_message_count)

    @staticmethod
    def set_up_secret_filter(config: TConfig, connection_specification: Mapping[str, Any]) -> None:
        # `validate` runs later, and refuses a secret that is no text
        mask(secret for secret in get_secrets(connection_specification, config) if isinstance(secret, str))

    @staticmethod
    def validate_connection(source_spec: ConnectorSpecification, config: TConfig) -> None:
        validate(cast(Mapping[str, Any], config), source_spec.connectionSpecification)


def speak(arguments: argparse.Namespace, out: Stdout) -> None:
    """Run the command and write its Airbyte messages."""
    logging.raiseExceptions = False  # a log line that cannot be written must not write a stack trace
    gc.set_threshold(50_000, 20, 20)  # pages of records make many objects and hardly any garbage
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler):
            handler.stream = sys.stdout  # setStream would flush the old stream, whose disk may be full
    try:
        for message in Entrypoint(SourceUnifiedUsage(as_bytes=True), out).run(arguments):
            out.write(message.encode() + b"\n")
    except BaseException as error:  # noqa: BLE001 - workers may still run: the process must end here
        _report(error, out)
        os._exit(1)


def _report(error: BaseException, out: Stdout) -> None:
    """The last message on stdout: a trace, and for a defect the stack in the log."""
    if not isinstance(error, AirbyteTracedException):
        error = ran_out(error) or error
    if not isinstance(error, AirbyteTracedException):
        logging.getLogger("airbyte").fatal(error, exc_info=error)
        error = AirbyteTracedException.from_exception(error)
    out.write(Entrypoint.airbyte_message_to_string(error.as_sanitized_airbyte_message()).encode() + b"\n")
