"""Colours that can be read: contrast as WCAG 2.2 computes it."""

from __future__ import annotations

READABLE = 4.5
"""The contrast that WCAG 2.2 AA asks of text; 1 is none, 21 is black on white."""

COMFORTABLE = 7.0
"""The contrast of WCAG 2.2 AAA: on a dark screen less of it looks like a fault."""

WHITE = "#ffffff"

DARK = "#15191d"
"""The background of a mail on a dark screen."""

INK = "#1f2933"
"""What letters are written in, and the colour of those that have none of their own."""


def contrast(first: str, second: str) -> float:
    """Return how well one colour is read on another, by their `#rrggbb`."""
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def readable_on_white(colour: str) -> str:
    """Return a colour, darkened until it can be read on white."""
    channels = _channels(colour)
    while contrast(shown := _written(channels), WHITE) < READABLE:
        channels = [channel * 0.95 for channel in channels]
    return shown


def readable_on_dark(colour: str, background: str) -> str:
    """Return a colour, lightened until it can be read on a dark background."""
    channels = _channels(colour)
    while contrast(shown := _written(channels), background) < COMFORTABLE:
        channels = [channel + (255 - channel) * 0.05 + 0.5 for channel in channels]
    return shown


def _channels(colour: str) -> list[float]:
    return [int(colour[start : start + 2], 16) for start in (1, 3, 5)]


def _written(channels: list[float]) -> str:
    return "#" + "".join(f"{min(255, round(channel)):02x}" for channel in channels)


def _luminance(colour: str) -> float:
    linear = []
    for channel in _channels(colour):
        share = channel / 255
        linear.append(share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4)
    red, green, blue = linear
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
