"""The ways in which letters leave: by mail server, into the post folder, as a text message."""

from arsync.channels.contract import Carries, Channel, Message, MessageTrace
from arsync.channels.installed import (
    channel,
    channel_names,
    ways_set_up,
)
from arsync.config.channel_sections import ENTRY_POINT_GROUP

__all__ = [
    "ENTRY_POINT_GROUP",
    "Carries",
    "Channel",
    "Message",
    "MessageTrace",
    "channel",
    "channel_names",
    "ways_set_up",
]
